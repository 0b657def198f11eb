package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes that are not acknowledged yet, in order, bounded in number and in bytes of their values. Any thread offers;
 * the committer alone takes, and releases what it is done with.
 *
 * <p>What waits is a stack, linked through the writes themselves (R. K. Treiber, Systems Programming: Coping with
 * Parallelism, 1986): whoever offers puts his write on top, the committer takes the whole stack and turns it round.
 * Nobody takes a single write, so none can be put back under another one's hands.
 */
final class WriteQueue {

    private final String directory;
    private final Clock clock;
    private final int requestsMax;
    private final long bytesMax;

    /** The write offered last, those before it behind it; {@link #end} on top once the queue is closed. */
    private final AtomicReference<@Nullable PendingWrite<?>> newest = new AtomicReference<>();

    /** Nothing is put on top of it. */
    private final PendingWrite.Control end = new PendingWrite.Control(PendingWrite.Control.Action.SYNC);

    /** The consumer, while it sleeps or is about to; whoever takes it from here wakes it. */
    private final AtomicReference<@Nullable Thread> sleeper = new AtomicReference<>();

    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /**
     * What was taken last, in order; it stays linked until the next take, so that none of it is lost, whatever fails
     * meanwhile. It, and what follows, is the consumer's own.
     */
    private @Nullable PendingWrite<?> taken;

    /** What of that is not given out yet. */
    private @Nullable PendingWrite<?> next;

    /** Of all requests, and of their bytes, what was taken and is not released. */
    private int takenRequests;

    private long takenBytes;

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
    void offer(PendingWrite<?> write) {
        makeRoomFor(write);
        PendingWrite<?> before;
        do {
            before = newest.get();
            if (before == end) {
                giveBack(1, write.queuedBytes());
                throw new StoreClosedException(directory);
            }
            write.neighbour = before;
        } while (!newest.compareAndSet(before, write));
        wakeConsumer();
    }

    private void makeRoomFor(PendingWrite<?> write) {
        boolean bounded = !(write instanceof PendingWrite.Control);
        int requestsNow;
        do {
            requestsNow = requests.get();
            if (bounded && requestsNow >= requestsMax) {
                throw new OverloadedException("the write queue", requestsMax + " requests");
            }
        } while (!requests.compareAndSet(requestsNow, requestsNow + 1));
        long ownBytes = write.queuedBytes();
        long bytesNow;
        do {
            bytesNow = bytes.get();
            if (bounded && bytesNow + ownBytes > bytesMax) {
                requests.decrementAndGet();
                throw new OverloadedException("the write queue", bytesMax + " bytes");
            }
        } while (ownBytes > 0 && !bytes.compareAndSet(bytesNow, bytesNow + ownBytes));
    }

    private void giveBack(int requestCount, long byteCount) {
        requests.addAndGet(-requestCount);
        bytes.addAndGet(-byteCount);
    }

    private void wakeConsumer() {
        Thread asleep = sleeper.get();
        if (asleep != null && sleeper.compareAndSet(asleep, null)) {
            LockSupport.unpark(asleep);
        }
    }

    /**
     * Takes all that wait, waiting up to {@code nanosMax} for the first; {@link #next} gives them one by one. Releases
     * all that was taken before, which must be answered.
     *
     * @return false once the queue is closed and empty
     */
    boolean take(long nanosMax) {
        releaseTaken();
        unlinkTaken();
        long start = clock.nanoTime();
        while (true) {
            boolean closed = drain();
            if (taken != null || closed) {
                next = taken;
                return taken != null;
            }
            long left = nanosMax - (clock.nanoTime() - start);
            if (left <= 0) {
                return true;
            }
            sleeper.set(Thread.currentThread());
            // Looked at again now that whoever offers sees the sleeper.
            if (newest.get() == null) {
                clock.parkNanos(left);
            }
            sleeper.set(null);
        }
    }

    /** Takes all that wait. Returns whether the queue is closed. */
    private boolean drain() {
        PendingWrite<?> top;
        do {
            top = newest.get();
        } while (top != null && top != end && !newest.compareAndSet(top, null));
        PendingWrite<?> write = top;
        if (top == end) {
            write = end.neighbour;
            end.neighbour = null;
        }
        while (write != null) {
            PendingWrite<?> before = write.neighbour;
            write.neighbour = taken;
            taken = write;
            takenRequests++;
            takenBytes += write.queuedBytes();
            write = before;
        }
        return top == end;
    }

    /** The next of the writes that were taken, in the order in which they were offered; null where there is no more. */
    @Nullable
    PendingWrite<?> next() {
        PendingWrite<?> write = next;
        if (write != null) {
            next = write.neighbour;
        }
        return write;
    }

    /**
     * The first of all writes that were taken last, given out or not; each is followed by its neighbour. {@link #next}
     * gives no more of them.
     */
    @Nullable
    PendingWrite<?> allTaken() {
        next = null;
        return taken;
    }

    /** Whoever keeps an answer must not keep all writes behind it. */
    private void unlinkTaken() {
        PendingWrite<?> write = taken;
        while (write != null) {
            PendingWrite<?> behind = write.neighbour;
            write.neighbour = null;
            write = behind;
        }
        taken = null;
        next = null;
    }

    /** Makes room for others in the place of writes that were taken; before they are answered, each once. */
    void release(List<? extends PendingWrite<?>> answered) {
        long answeredBytes = 0;
        for (PendingWrite<?> write : answered) {
            answeredBytes += write.queuedBytes();
        }
        takenRequests -= answered.size();
        takenBytes -= answeredBytes;
        giveBack(answered.size(), answeredBytes);
    }

    /** The same for all that were taken and are not released yet. */
    void releaseTaken() {
        giveBack(takenRequests, takenBytes);
        takenRequests = 0;
        takenBytes = 0;
    }

    /** Refuses further writes; those that wait are still taken. */
    void close() {
        PendingWrite<?> before;
        do {
            before = newest.get();
            if (before == end) {
                return;
            }
            end.neighbour = before;
        } while (!newest.compareAndSet(before, end));
        wakeConsumer();
    }

    /** Writes that wait or are being written. */
    int requests() {
        return requests.get();
    }

    /** Bytes of their values. */
    long bytes() {
        return bytes.get();
    }
}
