package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes that are not acknowledged yet, in order, bounded in number and in bytes of their values. Any thread offers;
 * the committer alone takes, and releases what it is done with.
 */
final class WriteQueue {

    private final String directory;
    private final Clock clock;
    private final int requestsMax;
    private final long bytesMax;

    private final ArrayDeque<PendingWrite> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private int takenRequests;
    private long takenBytes;
    private boolean closed;
    private @Nullable Thread consumer;

    WriteQueue(String directory, Clock clock, int requestsMax, long bytesMax) {
        this.directory = directory;
        this.clock = clock;
        this.requestsMax = requestsMax;
        this.bytesMax = bytesMax;
    }

    /**
     * Appends a write.
     *
     * @throws OverloadedException where the queue is full; controls always find room
     * @throws StoreClosedException where the queue is closed
     */
    void offer(PendingWrite write) {
        Thread toWake = null;
        synchronized (this) {
            if (closed) {
                throw new StoreClosedException(directory);
            }
            if (!(write instanceof PendingWrite.Control)) {
                if (requests() >= requestsMax) {
                    throw new OverloadedException("the write queue", requestsMax + " requests");
                }
                if (bytes() + write.queuedBytes() > bytesMax) {
                    throw new OverloadedException("the write queue", bytesMax + " bytes");
                }
            }
            if (waiting.isEmpty()) {
                toWake = consumer;
            }
            waiting.add(write);
            waitingBytes += write.queuedBytes();
        }
        if (toWake != null) {
            LockSupport.unpark(toWake);
        }
    }

    /**
     * Takes all that wait, in order, waiting up to {@code nanosMax} for the first. Releases all that was taken before.
     *
     * @return false once the queue is closed and empty
     */
    boolean take(Collection<PendingWrite> target, long nanosMax) {
        long start = clock.nanoTime();
        while (true) {
            synchronized (this) {
                consumer = Thread.currentThread();
                target.addAll(waiting);
                takenRequests = waiting.size();
                takenBytes = waitingBytes;
                waiting.clear();
                waitingBytes = 0;
                if (!target.isEmpty() || closed) {
                    return !target.isEmpty();
                }
            }
            long left = nanosMax - (clock.nanoTime() - start);
            if (left <= 0) {
                return true;
            }
            clock.parkNanos(left);
        }
    }

    /** Makes room for others in the place of writes that were taken; before they are answered, each once. */
    synchronized void release(List<? extends PendingWrite> answered) {
        takenRequests -= answered.size();
        for (PendingWrite write : answered) {
            takenBytes -= write.queuedBytes();
        }
    }

    /** Refuses further writes; those that wait are still taken. */
    void close() {
        Thread toWake;
        synchronized (this) {
            closed = true;
            toWake = consumer;
        }
        LockSupport.unpark(toWake);
    }

    /** Writes that wait or are being written. */
    synchronized int requests() {
        return waiting.size() + takenRequests;
    }

    /** Bytes of their values. */
    synchronized long bytes() {
        return waitingBytes + takenBytes;
    }
}
