package dev.kvdb.server;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long syncs take and how many writes share one. Recorded by the store's committer, so it is cheap and waits for
 * nothing.
 */
@Singleton
class SyncMeters {

    private final Timer syncs;
    private final DistributionSummary writesPerSync;
    private final DistributionSummary bytesPerSync;

    SyncMeters(MeterRegistry registry) {
        syncs = Timer.builder("kvdb.syncs")
                .description("Syncs of the log, each of which made a group of writes durable")
                .serviceLevelObjectives(
                        Duration.ofNanos(100_000),
                        Duration.ofNanos(250_000),
                        Duration.ofNanos(500_000),
                        Duration.ofMillis(1),
                        Duration.ofMillis(2),
                        Duration.ofMillis(5),
                        Duration.ofMillis(10),
                        Duration.ofMillis(25),
                        Duration.ofMillis(50),
                        Duration.ofMillis(100),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(2))
                .register(registry);
        writesPerSync = DistributionSummary.builder("kvdb.group.commit.writes")
                .description("Writes that shared one sync")
                .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
                .register(registry);
        bytesPerSync = DistributionSummary.builder("kvdb.group.commit.size")
                .description("Log bytes that one sync covered")
                .baseUnit("bytes")
                .register(registry);
    }

    void record(long nanos, int writes, long bytes) {
        syncs.record(nanos, TimeUnit.NANOSECONDS);
        writesPerSync.record(writes);
        bytesPerSync.record((double) bytes);
    }
}
