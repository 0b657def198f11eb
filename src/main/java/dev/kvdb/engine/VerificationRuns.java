package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.VerificationRunningException;
import dev.kvdb.engine.recovery.OnlineVerification;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs verifications of the open store, one at a time, each in the thread that asks for it.
 *
 * <p>Safe for use by several threads.
 */
final class VerificationRuns {

    private static final int PERCENT = 100;

    private final String directory;
    private final Clock clock;
    private final OnlineVerification.Subject subject;
    private final ReentrantLock running = new ReentrantLock();
    private volatile boolean closed;
    private volatile int donePercent;

    /**
     * @param directory the store's directory
     * @param clock paces the reading
     * @param subject the store
     */
    VerificationRuns(String directory, Clock clock, OnlineVerification.Subject subject) {
        this.directory = directory;
        this.clock = clock;
        this.subject = subject;
    }

    VerificationReport run(VerificationRequest request, VerificationListener listener) {
        if (running.isHeldByCurrentThread() || !running.tryLock()) {
            throw new VerificationRunningException(directory, donePercent);
        }
        try {
            donePercent = 0;
            return new OnlineVerification(
                            subject,
                            clock,
                            request.bytesPerSecondMax(),
                            () -> closed || request.cancelled().getAsBoolean(),
                            (phase, doneBytes, totalBytes) -> progressed(doneBytes, totalBytes, listener),
                            listener::found)
                    .run();
        } catch (CancellationException e) {
            if (closed) {
                throw new StoreClosedException(directory);
            }
            throw e;
        } finally {
            running.unlock();
        }
    }

    private void progressed(long doneBytes, long totalBytes, VerificationListener listener) {
        donePercent = totalBytes == 0 ? 0 : (int) (PERCENT * doneBytes / totalBytes);
        listener.progressed(doneBytes, totalBytes);
    }

    /** Ends a running verification, waits for that, and lets no other begin. */
    void close() {
        closed = true;
        running.lock();
        try {
            donePercent = 0;
        } finally {
            running.unlock();
        }
    }
}
