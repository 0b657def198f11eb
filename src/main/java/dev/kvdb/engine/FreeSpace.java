package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.log.StoreDirectory;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks the file system once a second how much may still be written, so that whoever wants to know never waits for a
 * file system that hangs: he gets what it said last.
 *
 * <p>{@link #run} belongs to a thread of its own, the other methods to any.
 */
final class FreeSpace implements Runnable {

    /** The file system does not say. */
    static final long UNKNOWN = -1;

    private static final Logger LOG = System.getLogger(FreeSpace.class.getName());
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StoreDirectory directory;
    private final Clock clock;
    private volatile long bytes;
    private long askedNanos;
    private volatile boolean closed;
    private volatile @Nullable Thread thread;

    /** Asks for the first time. */
    FreeSpace(StoreDirectory directory, Clock clock) {
        this.directory = directory;
        this.clock = clock;
        this.askedNanos = clock.nanoTime();
        this.bytes = ask();
    }

    /** What the file system said last; {@link #UNKNOWN} where it did not. */
    long bytes() {
        return bytes;
    }

    /** Has the thread end, unless the file system keeps it. */
    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        while (!closed) {
            long sinceNanos = clock.nanoTime() - askedNanos;
            if (sinceNanos < PERIOD_NANOS) {
                clock.parkNanos(PERIOD_NANOS - sinceNanos);
            } else {
                bytes = ask();
                askedNanos = clock.nanoTime();
            }
        }
    }

    private long ask() {
        try {
            return directory.usableBytes();
        } catch (IOException e) {
            return UNKNOWN;
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "asking how much disk space is left failed because of a defect, and goes on", e);
            return UNKNOWN;
        }
    }
}
