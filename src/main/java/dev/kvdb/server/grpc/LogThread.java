package dev.kvdb.server.grpc;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Writes lines to the log in a thread of its own, so that no event loop waits where the log goes to a disk or a pipe
 * that hangs. Quarkus' own asynchronous console would lose the lines of a start that fails.
 *
 * <p>The queue has no bound: whoever hands lines over bounds them. Safe for use by several threads.
 */
final class LogThread implements Executor {

    private static final int IDLE_SECONDS_MAX = 10;

    private final ThreadPoolExecutor thread;

    LogThread() {
        thread = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS_MAX,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> {
                    Thread daemon = new Thread(task, "kvdb-log");
                    daemon.setDaemon(true);
                    return daemon;
                },
                (task, stopped) -> task.run());
        thread.allowCoreThreadTimeOut(true);
    }

    /** Runs a task in the thread; after {@link #stop} in the caller's, which then waits for the log. */
    @Override
    public void execute(Runnable task) {
        thread.execute(task);
    }

    /** Waits at most so long for the lines that were handed over. */
    void stop(Duration limit) {
        thread.shutdown();
        try {
            thread.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
