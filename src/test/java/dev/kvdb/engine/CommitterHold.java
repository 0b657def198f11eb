package dev.kvdb.engine;

import java.util.concurrent.CountDownLatch;

/** Keeps the committer in a sync that succeeded, so that a test decides what waits behind it. */
final class CommitterHold implements StoreListener {

    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile boolean armed;

    @Override
    public void synced(long nanos, int writes, long bytes) {
        if (armed) {
            held.countDown();
            await(released);
        }
    }

    /** Has a write made, and returns when the committer is held with it. */
    void hold(Runnable write) {
        armed = true;
        write.run();
        await(held);
    }

    void release() {
        armed = false;
        released.countDown();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
