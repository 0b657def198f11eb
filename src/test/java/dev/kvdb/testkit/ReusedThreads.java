package dev.kvdb.testkit;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Makes threads that run in daemon threads which others ran in before: for tests that open hundreds of thousands of
 * stores, whose threads would cost more than the stores.
 *
 * <p>What is made can be named and started; it tells nothing of how it goes, so nobody may join it.
 */
final class ReusedThreads implements ThreadFactory {

    private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    @Override
    public Thread newThread(Runnable task) {
        Thread made = new Thread(task) {

            @Override
            public void start() {
                THREADS.execute(() -> {
                    Thread.currentThread().setName(getName());
                    task.run();
                });
            }
        };
        made.setDaemon(true);
        return made;
    }
}
