package dev.kvdb.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** Makes a store's threads, with names that tell what they do, and waits for them. Safe for use by several threads. */
final class StoreThreads {

    private final ThreadFactory factory;

    StoreThreads(ThreadFactory factory) {
        this.factory = factory;
    }

    /** A thread that is not started yet. */
    StoreThread make(String role, Runnable task) {
        return new StoreThread("kvdb-" + role, task);
    }

    /**
     * Carries a task out in a thread of its own, and waits for that: an interrupt of the caller's would break a sync,
     * and with it the store. Throws what the task throws.
     */
    <T> T call(String role, Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        StoreThread thread = make(role, future);
        thread.start();
        thread.join();
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unchecked(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted after the task's end", e);
        }
    }

    private static RuntimeException unchecked(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(cause);
    }

    /** One thread, which a factory may use again for another task once this one has ended. */
    final class StoreThread {

        private final Thread thread;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean started;

        private StoreThread(String name, Runnable task) {
            thread = factory.newThread(() -> {
                try {
                    task.run();
                } finally {
                    ended.countDown();
                }
            });
            thread.setName(name);
        }

        void start() {
            thread.start();
            started = true;
        }

        /**
         * Waits for its task to end, if it was started, whatever interrupts say; the caller's interrupt status is kept.
         */
        void join() {
            boolean interrupted = false;
            while (started && ended.getCount() > 0) {
                try {
                    ended.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
