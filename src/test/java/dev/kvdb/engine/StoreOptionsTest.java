package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.StoreOptions.Builder;
import dev.kvdb.engine.StoreOptions.GarbageCollection;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class StoreOptionsTest {

    private static final int MIB = 1 << 20;

    @Test
    void limits_areAccepted() {
        List<UnaryOperator<Builder>> accepted = List.of(
                o -> o.syncIntervalMillis(1),
                o -> o.syncIntervalMillis(60_000),
                o -> o.valueBytesMax(0).writeQueueBytesMax(1),
                o -> o.segmentBytesMax(64 * 1024).valueBytesMax(16 * 1024),
                o -> o.segmentBytesMax(1024 * MIB).valueBytesMax(256 * MIB).writeQueueBytesMax(256 * MIB),
                o -> o.cacheBytesMax(0),
                o -> o.writeQueueRequestsMax(1),
                o -> o.writeQueueRequestsMax(1_000_000),
                o -> o.openFilesMax(16),
                o -> o.openFilesMax(1_000_000),
                o -> o.reserveBytes(0),
                o -> o.quotaBytes(208L * MIB),
                o -> o.reserveBytes(StoreOptions.RESERVE_AS_IT_IS).quotaBytes(128L * MIB),
                o -> o.snapshotLogBytes(64 * 1024),
                o -> o.syncPolicy(SyncPolicy.OS),
                o -> o.garbageCollection(new GarbageCollection(0, 0.01, 0, 0)),
                o -> o.garbageCollection(new GarbageCollection(Long.MAX_VALUE, 0.99, Long.MAX_VALUE, 86_400_000)));
        for (UnaryOperator<Builder> change : accepted) {
            StoreOptions built = change.apply(StoreOptions.DEFAULTS.toBuilder()).build();
            assertThat(built.toBuilder().build()).isEqualTo(built);
        }
    }

    @Test
    void optionOutOfItsRange_isRefusedByNameWithValueAndRange() {
        refused("syncIntervalMillis is 0, must be from 1 to 60000", o -> o.syncIntervalMillis(0));
        refused("syncIntervalMillis is 60001", o -> o.syncIntervalMillis(60_001));
        refused("segmentBytesMax is 65535", o -> o.segmentBytesMax(65_535));
        refused("segmentBytesMax is 1073741825", o -> o.segmentBytesMax(1024 * MIB + 1));
        refused("valueBytesMax is -1", o -> o.valueBytesMax(-1));
        refused("valueBytesMax is 16777217, must be from 0 to 16777216", o -> o.valueBytesMax(16 * MIB + 1));
        refused("cacheBytesMax is -1, must be at least 0", o -> o.cacheBytesMax(-1));
        refused("writeQueueRequestsMax is 0", o -> o.writeQueueRequestsMax(0));
        refused("writeQueueRequestsMax is 1000001", o -> o.writeQueueRequestsMax(1_000_001));
        refused("writeQueueBytesMax is 16777215", o -> o.writeQueueBytesMax(16 * MIB - 1));
        refused("openFilesMax is 15", o -> o.openFilesMax(15));
        refused("openFilesMax is 1000001", o -> o.openFilesMax(1_000_001));
        refused("reserveBytes is -2", o -> o.reserveBytes(-2));
        refused("quotaBytes is -1, must be at least 0", o -> o.quotaBytes(-1));
        refused("quotaBytes is 218103807, must be at least 218103808", o -> o.quotaBytes(208L * MIB - 1));
        refused("snapshotLogBytes is 65535", o -> o.snapshotLogBytes(65_535));
        refused("deadShareMin is 0.0", o -> o.garbageCollection(new GarbageCollection(0, 0, 0, 0)));
        refused("deadShareMin is 1.0", o -> o.garbageCollection(new GarbageCollection(0, 1, 0, 0)));
        refused("deadShareMin is NaN", o -> o.garbageCollection(new GarbageCollection(0, Double.NaN, 0, 0)));
        refused(
                "deadShareMax is 0.29, must be from 0.3 to 0.99",
                o -> o.garbageCollection(new GarbageCollection(0, 0.3, 0.29, 0, 0, true)));
        refused("deadShareMax is 1.0", o -> o.garbageCollection(new GarbageCollection(0, 0.3, 1, 0, 0, true)));
        refused("logBytesMin is -1", o -> o.garbageCollection(new GarbageCollection(-1, 0.5, 0, 0)));
        refused("bytesPerSecondMax is -1", o -> o.garbageCollection(new GarbageCollection(0, 0.5, -1, 0)));
        refused("checkIntervalMillis is -1", o -> o.garbageCollection(new GarbageCollection(0, 0.5, 0, -1)));
    }

    private static void refused(String message, UnaryOperator<Builder> change) {
        assertThatThrownBy(() -> change.apply(StoreOptions.DEFAULTS.toBuilder()).build())
                .isInstanceOfSatisfying(
                        InvalidStoreArgumentException.class,
                        e -> assertThat(e.reason()).isEqualTo(InvalidStoreArgumentException.Reason.OPTION))
                .hasMessageContaining(message);
    }
}
