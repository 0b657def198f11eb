package dev.kvdb.server;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreStatistics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The store's figures as meters. {@code docs/operations.md} lists them, and a test holds the list against what is
 * exposed.
 *
 * <p>A scrape reads the store's statistics once, not once a meter. Gauges are not a number until the store is open.
 */
@Singleton
class StoreMeters {

    /** Longer than a scrape takes, shorter than the time between two. */
    private static final long STATISTICS_KEPT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final MeterRegistry registry;
    private final StoreLifecycle lifecycle;
    private final CallsInFlight calls;
    private final Scrub scrub;

    private @Nullable StoreStatistics kept;
    private long keptSince;

    StoreMeters(MeterRegistry registry, StoreLifecycle lifecycle, CallsInFlight calls, Scrub scrub) {
        this.registry = registry;
        this.lifecycle = lifecycle;
        this.calls = calls;
        this.scrub = scrub;
    }

    void register(@Observes StartupEvent event) {
        registerServer();
        registerLog();
        registerWrites();
        registerReads();
        registerGarbageCollection();
        registerScrub();
    }

    private void registerServer() {
        for (ServingCondition.State state : ServingCondition.State.values()) {
            Gauge.builder("kvdb.state", lifecycle, it -> it.condition().state() == state ? 1 : 0)
                    .description("1 for the state that the server is in, 0 for the others")
                    .tag("state", state.name().toLowerCase(Locale.ROOT))
                    .register(registry);
        }
        Gauge.builder("kvdb.calls.in.flight", calls, CallsInFlight::requests)
                .description("Calls whose reply has not left yet")
                .register(registry);
        Gauge.builder("kvdb.calls.in.flight.size", calls, CallsInFlight::bytes)
                .description("Messages of calls in flight")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        gauge(
                "kvdb.recovery.duration",
                "How long the last open took",
                "seconds",
                s -> s.recovery().durationMillis() / 1e3);
    }

    private void registerLog() {
        gauge("kvdb.keys", "Keys that have a value", null, StoreStatistics::keys);
        gauge("kvdb.index.size", "Heap held by the index", BaseUnits.BYTES, StoreStatistics::indexBytes);
        gauge(
                "kvdb.index.limit",
                "Heap that the index may take, 0 for no limit",
                BaseUnits.BYTES,
                StoreStatistics::indexBytesMax);
        gauge(
                "kvdb.disk.free",
                "Bytes that may still be written to the file system",
                BaseUnits.BYTES,
                s -> s.diskFreeBytes() < 0 ? Double.NaN : s.diskFreeBytes());
        gauge("kvdb.files.size", "Bytes in all files of the store", BaseUnits.BYTES, StoreStatistics::fileBytes);
        gauge(
                "kvdb.quota",
                "Bytes that all files of the store may hold, 0 for no limit",
                BaseUnits.BYTES,
                StoreStatistics::quotaBytes);
        gauge("kvdb.open.files", "Files that the store holds open", BaseUnits.FILES, StoreStatistics::openFiles);
        gauge("kvdb.segments", "Segment files", null, s -> s.log().segments());
        gauge(
                "kvdb.log.size",
                "Bytes in segment files",
                BaseUnits.BYTES,
                s -> s.log().bytes());
        gauge(
                "kvdb.log.live",
                "Bytes of records that can be read",
                BaseUnits.BYTES,
                s -> s.log().liveBytes());
        gauge(
                "kvdb.log.dead",
                "The log's other bytes",
                BaseUnits.BYTES,
                s -> s.log().deadBytes());
        gauge(
                "kvdb.log.tombstones",
                "Bytes of tombstones, a part of the dead",
                BaseUnits.BYTES,
                s -> s.log().tombstoneBytes());
        gauge(
                "kvdb.log.damaged.segments",
                "Segments in which damage was found",
                null,
                s -> s.log().damagedSegments());
    }

    private void registerWrites() {
        counter(
                "kvdb.writes.rejected",
                "Writes refused because a queue was full",
                null,
                s -> s.writes().rejected());
        counter(
                "kvdb.writes.failed",
                "Writes that failed for any other reason",
                null,
                s -> s.writes().failed());
        counter(
                "kvdb.written.user",
                "Bytes of keys and values that clients wrote",
                BaseUnits.BYTES,
                s -> s.writes().userBytes());
        counter(
                "kvdb.written.files",
                "Bytes written to files of any kind",
                BaseUnits.BYTES,
                s -> s.writes().fileBytes());
        gauge(
                "kvdb.write.amplification",
                "Bytes written to files for each byte that clients wrote",
                null,
                s -> s.writes().userBytes() == 0
                        ? Double.NaN
                        : (double) s.writes().fileBytes() / s.writes().userBytes());
        gauge(
                "kvdb.write.queue.requests",
                "Writes that are not acknowledged yet",
                null,
                s -> s.writes().queuedRequests());
        gauge(
                "kvdb.write.queue.size",
                "Values of writes that are not acknowledged yet",
                BaseUnits.BYTES,
                s -> s.writes().queuedBytes());
    }

    private void registerReads() {
        FunctionCounter.builder(
                        "kvdb.cache.requests",
                        this,
                        it -> it.count(s -> s.reads().cacheHits()))
                .description("Reads of present keys by whether the cache had the value")
                .tag("result", "hit")
                .register(registry);
        FunctionCounter.builder(
                        "kvdb.cache.requests",
                        this,
                        it -> it.count(s -> s.reads().cacheMisses()))
                .description("Reads of present keys by whether the cache had the value")
                .tag("result", "miss")
                .register(registry);
        counter(
                "kvdb.cache.evictions",
                "Values dropped from the cache for room",
                null,
                s -> s.reads().cacheEvictions());
        gauge(
                "kvdb.cache.size",
                "Heap held by the cache",
                BaseUnits.BYTES,
                s -> s.reads().cacheBytes());
        counter(
                "kvdb.reads.damaged",
                "Reads that met damage",
                null,
                s -> s.reads().damaged());
    }

    private void registerGarbageCollection() {
        gauge(
                "kvdb.gc.running",
                "1 while garbage is collected",
                null,
                s -> s.garbageCollection().running() ? 1 : 0);
        counter(
                "kvdb.gc.runs",
                "Collections that rewrote or dropped a segment",
                null,
                s -> s.garbageCollection().runs());
        counter(
                "kvdb.gc.failures",
                "Collections that failed",
                null,
                s -> s.garbageCollection().failures());
        counter(
                "kvdb.gc.copied",
                "Log bytes written anew",
                BaseUnits.BYTES,
                s -> s.garbageCollection().bytesCopied());
        counter(
                "kvdb.gc.reclaimed",
                "Log bytes given back, net of what was copied",
                BaseUnits.BYTES,
                s -> s.garbageCollection().bytesReclaimed());
    }

    private void registerScrub() {
        Gauge.builder("kvdb.scrub.running", scrub, it -> it.figures().running() ? 1 : 0)
                .description("1 while a scrub runs")
                .register(registry);
        Gauge.builder("kvdb.scrub.last.findings", scrub, it -> it.figures().lastFindings())
                .description("Findings of the newest scrub that came to its end")
                .register(registry);
        scrubCounter("kvdb.scrub.runs", "Scrubs that came to their end", null, Scrub.Figures::runs);
        scrubCounter("kvdb.scrub.failures", "Scrubs that failed", null, Scrub.Figures::failures);
        scrubCounter("kvdb.scrub.checked", "Log bytes checked by scrubs", BaseUnits.BYTES, Scrub.Figures::checkedBytes);
        scrubCounter(
                "kvdb.scrub.findings", "Places at which scrubs found damage, once each", null, Scrub.Figures::findings);
    }

    private void scrubCounter(
            String name, String description, @Nullable String unit, ToDoubleFunction<Scrub.Figures> figure) {
        FunctionCounter.builder(name, scrub, it -> figure.applyAsDouble(it.figures()))
                .description(description)
                .baseUnit(unit)
                .register(registry);
    }

    private void gauge(
            String name, String description, @Nullable String unit, ToDoubleFunction<StoreStatistics> figure) {
        Gauge.builder(name, this, it -> it.value(figure, Double.NaN))
                .description(description)
                .baseUnit(unit)
                .register(registry);
    }

    private void counter(
            String name, String description, @Nullable String unit, ToDoubleFunction<StoreStatistics> figure) {
        FunctionCounter.builder(name, this, it -> it.count(figure))
                .description(description)
                .baseUnit(unit)
                .register(registry);
    }

    private double count(ToDoubleFunction<StoreStatistics> figure) {
        return value(figure, 0);
    }

    private double value(ToDoubleFunction<StoreStatistics> figure, double withoutStore) {
        StoreStatistics statistics = statistics();
        return statistics == null ? withoutStore : figure.applyAsDouble(statistics);
    }

    private synchronized @Nullable StoreStatistics statistics() {
        long now = registry.config().clock().monotonicTime();
        if (kept == null || now - keptSince > STATISTICS_KEPT_NANOS) {
            kept = lifecycle.openStore().map(Store::statistics).orElse(null);
            keptSince = now;
        }
        return kept;
    }
}
