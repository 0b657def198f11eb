package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.CrashVariant;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.GoldenTrace;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Compares the file operations of each durable write with a checked-in trace: a sync that is missing, or more than
 * there must be, shows in review.
 *
 * <p>Where the maintainer writes beside the committer, a trace is taken apart by file.
 */
class DurableWriteTraceTest {

    private static final int KIB = 1024;
    private static final int SETS_TO_ROLL = 5;

    /** So many small sets are followed by zeros. */
    private static final int SMALL_SETS = 4;

    private final StoreOptions options = StoreOptions.DEFAULTS.toBuilder()
            .segmentBytesMax(64 * KIB)
            .valueBytesMax(16 * KIB)
            .reserveBytes(0)
            .snapshotLogBytes(1024 * KIB)
            .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 0))
            .build();

    private final CrashingFileSystem files = new CrashingFileSystem();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void createStore_writesAndSyncsTheManifest() {
        try (Store store = open(files)) {
            GoldenTrace.check("create-store", files.trace());
            assertThat(store.statistics().keys()).isZero();
        }
    }

    @Test
    void firstSetAndSecondSetAndRemove_areSyncedEach() {
        try (Store store = open(files)) {
            int start = files.position();
            set(store, 1, 100);
            GoldenTrace.check("first-set", files.trace(start));
            start = files.position();
            set(store, 2, 100);
            GoldenTrace.check("set", files.trace(start));
            start = files.position();
            store.remove(1).toCompletableFuture().join();
            GoldenTrace.check("remove", files.trace(start));
        }
    }

    @Test
    void setThatDoesNotFit_sealsTheSegmentAndMakesANewOne() {
        int start;
        try (Store store = open(files)) {
            fillSegment(store);
            start = files.position();
            set(store, 9, 12 * KIB);
        }
        String rolled = files.trace(start);
        GoldenTrace.check(
                "roll", without(rolled, "hint|SNAPSHOT").lines().limit(14).collect(Collectors.joining("\n")));
        GoldenTrace.check("hint-of-a-rolled-segment", only(rolled, "0000000001\\.hint"));
    }

    @Test
    void smallSets_areSyncedWithTheZerosBehindThem_thenEachOverThem_andASealCutsThemOff() {
        int start;
        try (Store store = open(files)) {
            for (int key = 1; key <= SETS_TO_ROLL; key++) {
                set(store, key, 11 * KIB);
            }
            for (int key = 1; key < SMALL_SETS; key++) {
                set(store, key, 100);
            }
            start = files.position();
            set(store, SMALL_SETS, 100);
            GoldenTrace.check("set-and-zeros", files.trace(start));
            start = files.position();
            set(store, 1, 100);
            GoldenTrace.check("set-over-zeros", files.trace(start));
            start = files.position();
            set(store, 9, 12 * KIB);
        }
        String rolled = without(files.trace(start), "hint|SNAPSHOT");
        GoldenTrace.check("roll-over-zeros", rolled.lines().limit(14).collect(Collectors.joining("\n")));
    }

    @Test
    void close_sealsAndWritesHintAndSnapshot() {
        int start;
        try (Store store = open(files)) {
            set(store, 1, 100);
            start = files.position();
        }
        GoldenTrace.check("close", files.trace(start));
    }

    @Test
    void collectGarbage_syncsTheCopyAndTheSwapBeforeItDeletes() {
        try (Store store = open(files)) {
            fillSegment(store);
            set(store, 9, 12 * KIB);
            set(store, 1, 100);
        }
        CrashingFileSystem closed = files.copy();
        try (Store store = open(closed)) {
            int start = closed.position();
            store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            GoldenTrace.check("collect-garbage", closed.trace(start));
        }
    }

    @Test
    void openAfterTornTail_writesTheTailAnewAndSyncsItBeforeTheSwap() {
        int acknowledged;
        try (Store store = open(files)) {
            set(store, 1, 100);
            set(store, 2, 100);
            acknowledged = files.position();
            set(store, 3, 2 * KIB);
        }
        CrashingFileSystem image = files.crashAt(acknowledged, CrashVariant.EVERYTHING, 0);
        Path tail = image.path("db").resolve("0000000001.log");
        image.overwrite(tail, image.contents(tail).length, "twenty bytes, no log".getBytes(StandardCharsets.UTF_8));
        int start = image.position();
        try (Store store = open(image)) {
            GoldenTrace.check("recover-torn-tail", image.trace(start));
            assertThat(store.statistics().keys()).isEqualTo(2);
        }
    }

    private Store open(CrashingFileSystem on) {
        return Store.open(on.path("db"), options, TestEnvironment.of(on, new ManualClock(), 1), StoreListener.NONE);
    }

    private static void fillSegment(Store store) {
        for (int key = 1; key <= SETS_TO_ROLL; key++) {
            set(store, key, 12 * KIB);
        }
    }

    private static void set(Store store, int key, int bytes) {
        store.set(key, WriteHistory.valueOf(key, bytes)).toCompletableFuture().join();
    }

    private static String only(String trace, String regex) {
        return trace.lines().filter(line -> line.matches(".*(" + regex + ").*")).collect(Collectors.joining("\n"));
    }

    private static String without(String trace, String regex) {
        return trace.lines()
                .filter(line -> !line.matches(".*(" + regex + ").*"))
                .collect(Collectors.joining("\n"));
    }
}
