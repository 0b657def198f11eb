package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreStatistics;
import dev.kvdb.engine.env.Environment;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.StartupEvent;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreMetersTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void values_areTheFiguresOfTheStore(boolean collecting) {
        assertThat(values(StatisticsSample.make(collecting)))
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry("kvdb.keys", 101.0),
                        Map.entry("kvdb.disk.free", 103.0),
                        Map.entry("kvdb.files.size", 106.0),
                        Map.entry("kvdb.quota", 107.0),
                        Map.entry("kvdb.index.size", 104.0),
                        Map.entry("kvdb.index.limit", 108.0),
                        Map.entry("kvdb.open.files", 105.0),
                        Map.entry("kvdb.segments", 201.0),
                        Map.entry("kvdb.log.size", 202.0),
                        Map.entry("kvdb.log.live", 203.0),
                        Map.entry("kvdb.log.dead", 204.0),
                        Map.entry("kvdb.log.tombstones", 205.0),
                        Map.entry("kvdb.log.damaged.segments", 206.0),
                        Map.entry("kvdb.writes.rejected", 303.0),
                        Map.entry("kvdb.writes.failed", 304.0),
                        Map.entry("kvdb.written.user", 400.0),
                        Map.entry("kvdb.written.files", 800.0),
                        Map.entry("kvdb.write.amplification", 2.0),
                        Map.entry("kvdb.write.queue.requests", 309.0),
                        Map.entry("kvdb.write.queue.size", 310.0),
                        Map.entry("kvdb.cache.requests hit", 501.0),
                        Map.entry("kvdb.cache.requests miss", 502.0),
                        Map.entry("kvdb.cache.evictions", 503.0),
                        Map.entry("kvdb.cache.size", 504.0),
                        Map.entry("kvdb.reads.damaged", 505.0),
                        Map.entry("kvdb.gc.running", collecting ? 1.0 : 0.0),
                        Map.entry("kvdb.gc.runs", 601.0),
                        Map.entry("kvdb.gc.failures", 602.0),
                        Map.entry("kvdb.gc.copied", 603.0),
                        Map.entry("kvdb.gc.reclaimed", 604.0),
                        Map.entry("kvdb.recovery.duration", 7.0)));
    }

    /** By name and, where there is one, result; without what the server counts by itself. */
    private static Map<String, Double> values(StoreStatistics statistics) {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Store store = (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("statistics");
                    return statistics;
                });
        StoreLifecycle lifecycle = new StoreLifecycle(null, null, null, null, null, Environment.system()) {
            @Override
            public Optional<Store> openStore() {
                return Optional.of(store);
            }
        };
        new StoreMeters(registry, lifecycle, null, null).register(new StartupEvent());
        Map<String, Double> values = new TreeMap<>();
        for (Meter meter : registry.getMeters()) {
            String name = meter.getId().getName();
            String result = meter.getId().getTag("result");
            if (!name.equals("kvdb.state") && !name.startsWith("kvdb.calls.") && !name.startsWith("kvdb.scrub.")) {
                values.put(
                        result == null ? name : name + " " + result,
                        meter.measure().iterator().next().getValue());
            }
        }
        return values;
    }
}
