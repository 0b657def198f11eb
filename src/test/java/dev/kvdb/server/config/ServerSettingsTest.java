package dev.kvdb.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.SyncPolicy;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerSettingsTest {

    @Test
    void values_becomeTheStoresOptions() {
        ServerSettings settings = settings(Map.of(
                "kvdb.storage.sync-policy", "interval",
                "kvdb.storage.sync-interval", "250ms",
                "kvdb.storage.segment-size", "8M",
                "kvdb.storage.value-size-max", "2M",
                "kvdb.gc.rate-max", "10M",
                "kvdb.scrub.period", "7d",
                "kvdb.scrub.rate-max", "0",
                "kvdb.verify.rate-max", "1M"));

        assertThat(settings.storeOptions().syncPolicy()).isEqualTo(SyncPolicy.INTERVAL);
        assertThat(settings.storeOptions().syncIntervalMillis()).isEqualTo(250);
        assertThat(settings.storeOptions().segmentBytesMax()).isEqualTo(8 << 20);
        assertThat(settings.storeOptions().garbageCollection().bytesPerSecondMax())
                .isEqualTo(10 << 20);
        assertThat(settings.storeOptions().garbageCollection().checkIntervalMillis())
                .isZero();
        assertThat(settings.storeOptions().garbageCollection().checkWhenSealed())
                .isTrue();
        assertThat(settings.storeOptions().garbageCollection().deadShareMax()).isEqualTo(0.4);
        assertThat(settings.scrubPeriod()).contains(Duration.ofDays(7));
        assertThat(settings.scrubBytesPerSecondMax()).isZero();
        assertThat(settings.verifyBytesPerSecondMax()).isEqualTo(1 << 20);
        assertThat(settings.messageBytesMax()).isEqualTo((2 << 20) + ServerSettings.MESSAGE_ROOM_BYTES);
        assertThat(settings.dataDirectory()).isAbsolute();
    }

    @Test
    void scrubs_areOffUnlessAPeriodIsSet() {
        assertThat(settings(Map.of()).scrubPeriod()).isEmpty();
        assertThat(settings(Map.of("kvdb.scrub.period", "Off")).scrubPeriod()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    kvdb.read-threads | 0 | kvdb.read-threads is 0, must be from 1 to 1024
                    kvdb.read-queue.requests-max | -1 | kvdb.read-queue.requests-max is -1, must be from 1 to 1000000
                    kvdb.storage.sync-interval | 2m | kvdb.storage.sync-interval is 120s, must be from 1ms to 60s
                    kvdb.storage.segment-size | 2G | kvdb.storage.segment-size is 2G, must be from 64K to 1G
                    kvdb.storage.value-size-max | 17M | kvdb.storage.value-size-max is 17M, must be from 0 to 16M
                    kvdb.storage.open-files-max | 15 | kvdb.storage.open-files-max is 15, must be from 16 to 1000000
                    kvdb.storage.snapshot-log-size | 1K | kvdb.storage.snapshot-log-size is 1K, must be at least 1M
                    kvdb.storage.quota | 207M | kvdb.storage.quota is 207M, must be 0 for none, or \
                    at least 208M: kvdb.storage.reserve-size and two segments
                    kvdb.index.size-max | 100K | kvdb.index.size-max is 100K, must be 0 for no limit, or at least 1M
                    kvdb.gc.dead-share-min | 1.0 | kvdb.gc.dead-share-min is 1.0, must be from 0.01 to 0.99
                    kvdb.gc.dead-share-max | 0.2 | kvdb.gc.dead-share-max is 0.2, must be from 0.28, \
                    kvdb.gc.dead-share-min, to 0.99
                    kvdb.gc.period | 10ms | kvdb.gc.period is 10ms, must be from 1s to 86400s
                    kvdb.scrub.period | 10ms | kvdb.scrub.period is 10ms, must be from 1s to 31536000s
                    kvdb.write-queue.bytes-max | 1M | kvdb.write-queue.bytes-max is 1M, must be at least 16M
                    kvdb.limits.bytes-in-flight | 16M | kvdb.limits.bytes-in-flight is 16M, must be at least 16448K
                    kvdb.shutdown.grace-period | 2h | kvdb.shutdown.grace-period is 7200s, must be from 0s to 3600s
                    """)
    void valueOutOfRange_isRefusedInOneLineThatNamesKeyValueAndRange(String key, String value, String line) {
        assertThatThrownBy(() -> settings(Map.of(key, value)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(line);
    }

    @Test
    void largeHeap_limitsOnMemoryAreThoseOfTheTable() {
        ServerSettings settings = settings(Map.of(), 4L << 30);

        assertThat(settings.storeOptions().cacheBytesMax()).isEqualTo(64 << 20);
        assertThat(settings.storeOptions().writeQueueBytesMax()).isEqualTo(64 << 20);
        assertThat(settings.bytesInFlightMax()).isEqualTo(256 << 20);
        assertThat(settings.requestsInFlightMax()).isEqualTo(16_384);
        assertThat(settings.storeOptions().indexBytesMax()).isEqualTo(3_080L << 20);
    }

    @Test
    void index_hasWhatNothingElseMayTake_andAnEighthOfTheHeapInAnyCase() {
        assertThat(settings(Map.of("kvdb.cache.size", "1G"), 4L << 30)
                        .storeOptions()
                        .indexBytesMax())
                .isEqualTo(2_120L << 20);
        assertThat(settings(Map.of("kvdb.limits.bytes-in-flight", "1G"), 4L << 30)
                        .storeOptions()
                        .indexBytesMax())
                .isEqualTo(2_312L << 20);
        assertThat(settings(Map.of("kvdb.storage.segment-size", "16M", "kvdb.storage.value-size-max", "4M"), 4L << 30)
                        .storeOptions()
                        .indexBytesMax())
                .isEqualTo(3_188L << 20);
        assertThat(settings(Map.of(), 64 << 20).storeOptions().indexBytesMax()).isEqualTo(8 << 20);
        assertThat(settings(Map.of("kvdb.index.size-max", "0"), 64 << 20)
                        .storeOptions()
                        .indexBytesMax())
                .isZero();
    }

    @Test
    void smallHeap_limitsOnMemoryAreAShareOfIt_withRoomForTheLargestValue() {
        ServerSettings settings = settings(Map.of("kvdb.storage.value-size-max", "1M"), 64 << 20);

        assertThat(settings.storeOptions().cacheBytesMax()).isEqualTo(8 << 20);
        assertThat(settings.storeOptions().writeQueueBytesMax()).isEqualTo(8 << 20);
        assertThat(settings.bytesInFlightMax()).isEqualTo(16 << 20);
        assertThat(settings.requestsInFlightMax()).isEqualTo(4_096);
        ServerSettings largeValues = settings(Map.of(), 32 << 20);
        assertThat(largeValues.bytesInFlightMax()).isEqualTo(largeValues.messageBytesMax());
        assertThat(largeValues.storeOptions().writeQueueBytesMax()).isEqualTo(largeValues.messageBytesMax());
    }

    @Test
    void smallHeap_aKeyStillSaysOtherwise() {
        ServerSettings settings = settings(
                Map.of(
                        "kvdb.cache.size", "0",
                        "kvdb.write-queue.bytes-max", "40M",
                        "kvdb.limits.bytes-in-flight", "50M",
                        "kvdb.limits.requests-in-flight", "20000"),
                64 << 20);

        assertThat(settings.storeOptions().cacheBytesMax()).isZero();
        assertThat(settings.storeOptions().writeQueueBytesMax()).isEqualTo(40 << 20);
        assertThat(settings.bytesInFlightMax()).isEqualTo(50 << 20);
        assertThat(settings.requestsInFlightMax()).isEqualTo(20_000);
    }

    @Test
    void requestsThatArrive_haveHalfOfWhatIsInFlight_butRoomForOneOfTheLargestWithItsPieces() {
        assertThat(settings(Map.of("kvdb.limits.bytes-in-flight", "100M")).arrivingBytesMax())
                .isEqualTo(50 << 20);
        ServerSettings small = settings(Map.of("kvdb.limits.bytes-in-flight", "17M"));
        assertThat(small.arrivingBytesMax()).isEqualTo(small.messageBytesMax() / 8 * 9);
    }

    private static ServerSettings settings(Map<String, String> properties) {
        return settings(properties, 1L << 30);
    }

    private static ServerSettings settings(Map<String, String> properties, long heapBytes) {
        return new ServerSettings(
                new SmallRyeConfigBuilder()
                        .addDiscoveredConverters()
                        .addDefaultInterceptors()
                        .withMapping(ServerConfiguration.class)
                        .withSources(new PropertiesConfigSource(properties, "test", 300))
                        .build()
                        .getConfigMapping(ServerConfiguration.class),
                heapBytes);
    }
}
