package dev.kvdb.engine;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Keeps the committer in a sync that succeeded, so that a test decides what waits behind it. */
final class CommitterHold implements StoreListener {

    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile boolean armed;
    private volatile @Nullable Error failure;

    @Override
    public void synced(long nanos, int writes, long bytes) {
        if (armed) {
            held.countDown();
            await(released);
            return;
        }
        Error now = failure;
        failure = null;
        if (now != null) {
            throw now;
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

    /** Lets the committer go on, and fail with the group behind the one that is held. */
    void releaseWith(Error next) {
        failure = next;
        release();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
