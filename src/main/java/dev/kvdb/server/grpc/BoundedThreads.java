package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A fixed number of named threads, and a bounded queue before them. Idle threads end. Safe for use by several threads.
 */
final class BoundedThreads implements Executor {

    private static final int IDLE_SECONDS_MAX = 10;

    private final String queueName;
    private final int queueMax;
    private final ThreadPoolExecutor threads;

    /**
     * @param name of the threads, each of which adds its number
     * @param queueName what a client is told is full
     * @param threadsMax tasks that run at a time
     * @param queueMax tasks that wait
     */
    BoundedThreads(String name, String queueName, int threadsMax, int queueMax) {
        this.queueName = queueName;
        this.queueMax = queueMax;
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                threadsMax,
                threadsMax,
                IDLE_SECONDS_MAX,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(queueMax),
                task -> {
                    Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.AbortPolicy());
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a task in one of the threads.
     *
     * @throws OverloadedException where the queue is full
     */
    @Override
    public void execute(Runnable task) {
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            throw new OverloadedException(queueName, queueMax + " requests");
        }
    }

    /** Tasks that wait for a thread. */
    int queued() {
        return threads.getQueue().size();
    }

    /** Takes no more tasks; those that it has go on. */
    void stop() {
        threads.shutdown();
    }
}
