package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.server.config.ServerSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

/** The threads that read values from disk: a fixed number of them, and a bounded queue before them. */
@Singleton
class DiskReaders {

    private final BoundedThreads threads;

    DiskReaders(ServerSettings settings, MeterRegistry registry) {
        threads = new BoundedThreads(
                "kvdb-read", "the queue of reads", settings.readThreads(), settings.readQueueRequestsMax());
        Gauge.builder("kvdb.read.queue.requests", threads, BoundedThreads::queued)
                .description("Reads that wait for a thread")
                .register(registry);
    }

    /**
     * Runs a read in one of the threads.
     *
     * @throws OverloadedException where the queue is full
     */
    void execute(Runnable read) {
        threads.execute(read);
    }

    @PreDestroy
    void stop() {
        threads.stop();
    }
}
