package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writers, readers, scans and collections at the same time, held against {@link ConcurrentHistory}. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StoreConcurrencyTest {

    private static final int KIB = 1024;
    private static final int OPERATIONS = Integer.getInteger("kvdb.concurrency.operations", 4_000);

    @ParameterizedTest
    @ValueSource(longs = {0, 20 * KIB, 10_000 * KIB})
    void filesInMemory_eachKeyIsLinearizable(long cacheBytesMax) throws Exception {
        Seeds.run(seed -> {
            CrashingFileSystem files = new CrashingFileSystem();
            Environment environment = TestEnvironment.of(files, seed);
            run(files, files.root(), environment, SyncPolicy.ALWAYS, cacheBytesMax, seed);
            assertThat(files.openHandles()).isEmpty();
            assertThat(files.bytesHeldByDeletedFiles()).isZero();
        });
    }

    @Test
    void filesOnDisk_eachKeyIsLinearizable(@TempDir Path directory) throws Exception {
        Seeds.run(seed -> {
            Environment system = Environment.system();
            Environment environment =
                    new Environment(system.files(), system.clock(), new SplittableRandom(seed), system.threads());
            run(system.files(), directory, environment, SyncPolicy.OS, 20 * KIB, seed);
        });
    }

    private static void run(
            FileSystem files, Path directory, Environment environment, SyncPolicy policy, long cacheBytesMax, long seed)
            throws Exception {
        StoreOptions options = StoreOptions.DEFAULTS.toBuilder()
                .syncPolicy(policy)
                .segmentBytesMax(64 * KIB)
                .valueBytesMax(4 * KIB)
                .cacheBytesMax(cacheBytesMax)
                .openFilesMax(16)
                .reserveBytes(0)
                .snapshotLogBytes(1024 * KIB)
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.2, 0, 0))
                .build();
        ConcurrentHistory history;
        try (Store store = Store.open(directory, options, environment, StoreListener.NONE)) {
            history = new ConcurrentHistory(store, seed);
            history.run(policy == SyncPolicy.ALWAYS ? OPERATIONS : OPERATIONS / 20);
            StoreStatistics statistics = store.statistics();
            assertThat(statistics.state()).isEqualTo(StoreState.WRITABLE);
            assertThat(statistics.garbageCollection().failures()).isZero();
            assertThat(statistics.garbageCollection().runs()).isPositive();
            history.checkFinal(store);
        }
        try (Store reopened = Store.open(directory, options, environment, StoreListener.NONE)) {
            history.checkFinal(reopened);
            reopened.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            history.checkFinal(reopened);
            long listed = reopened.statistics().log().segments();
            long segmentFiles = files.list(directory).stream()
                    .filter(name -> name.endsWith(".log"))
                    .count();
            assertThat(segmentFiles).as("segment files in the directory").isEqualTo(listed);
        }
    }
}
