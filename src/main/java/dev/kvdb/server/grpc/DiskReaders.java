package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.server.config.ServerSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that read values from disk: a fixed number of them, and a bounded queue before them. */
@Singleton
class DiskReaders {

    private final int queueMax;
    private final ThreadPoolExecutor threads;

    DiskReaders(ServerSettings settings, MeterRegistry registry) {
        queueMax = settings.readQueueRequestsMax();
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                settings.readThreads(),
                settings.readThreads(),
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(queueMax),
                task -> {
                    Thread thread = new Thread(task, "kvdb-read-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.AbortPolicy());
        threads.allowCoreThreadTimeOut(true);
        Gauge.builder(
                        "kvdb.read.queue.requests",
                        threads,
                        pool -> pool.getQueue().size())
                .description("Reads that wait for a thread")
                .register(registry);
    }

    /**
     * Runs a read in one of the threads.
     *
     * @throws OverloadedException where the queue is full
     */
    void execute(Runnable read) {
        try {
            threads.execute(read);
        } catch (RejectedExecutionException e) {
            throw new OverloadedException("the queue of reads", queueMax + " requests");
        }
    }

    @PreDestroy
    void stop() {
        threads.shutdown();
    }
}
