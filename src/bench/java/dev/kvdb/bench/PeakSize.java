package dev.kvdb.bench;

import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Looks at a store's size several times a second and keeps the largest. */
final class PeakSize implements AutoCloseable {

    private static final long LOOK_MILLIS = 50;

    private final Peer peer;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final Future<?> looking;
    private volatile long bytes;

    private PeakSize(Peer peer) {
        this.peer = peer;
        this.bytes = peer.diskBytes();
        this.looking = thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    static PeakSize watch(Peer peer) {
        return new PeakSize(peer);
    }

    private synchronized void look() {
        bytes = Math.max(bytes, peer.diskBytes());
    }

    /** The largest size so far. */
    long bytes() {
        if (looking.isDone()) {
            throw new IllegalStateException("the store's size could not be told");
        }
        look();
        return bytes;
    }

    @Override
    public void close() throws InterruptedException {
        thread.shutdown();
        if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
            throw new IllegalStateException("the store's size was not told within a minute");
        }
    }
}
