package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.PassingClock;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When garbage collection starts, what it takes, and what it leaves in the long run. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StoreCollectionTest {

    private static final int KIB = 1024;
    private static final int SEGMENT_BYTES = 64 * KIB;

    private final CrashingFileSystem files = new CrashingFileSystem();

    @Test
    void logPastItsThreshold_collectionStartsByItself() {
        ManualClock clock = new ManualClock();
        try (Store store = open(options(200 * KIB, 0.3, 0, 1_000), clock)) {
            for (int round = 0; round < 3; round++) {
                fill(store, 100, KIB);
            }
            await().until(() -> {
                clock.advance(Duration.ofSeconds(2));
                return store.statistics().garbageCollection().runs() > 0
                        && store.statistics().log().bytes() < 200 * KIB;
            });
        }
    }

    @Test
    void underLoad_garbageMayReachItsMax_andAtRestNoMoreThanItsMin() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            ManualClock clock = new ManualClock();
            try (Store store = open(options(new StoreOptions.GarbageCollection(0, 0.2, 0.5, 0, 0, false)), clock)) {
                fill(store, 1_000, KIB);
                rewrite(store, random, 3_000);
                assertThat(store.collectGarbage(new GarbageCollectionRequest(true, false))
                                .bytesReclaimed())
                        .as("a dry run")
                        .isGreaterThan(1_500 * KIB);
                store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                assertThat(deadShare(store)).as("under load").isBetween(0.35, 0.5);
                clock.advance(Duration.ofSeconds(3));
                store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                assertThat(deadShare(store)).as("at rest").isBetween(0.1, 0.21);
            }
        });
    }

    @Test
    void segmentsFillUnderLoad_collectionStartsThoughNoTimePasses() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            StoreOptions.GarbageCollection limits = new StoreOptions.GarbageCollection(0, 0.2, 0.5, 0, 0, true);
            try (Store store = open(options(limits), new ManualClock())) {
                fill(store, 1_000, KIB);
                rewrite(store, random, 5_000);
                await().until(() -> {
                    // The load goes on: a look comes with each segment that is full.
                    rewrite(store, random, 100);
                    return deadShare(store) <= 0.5;
                });
                assertThat(store.statistics().garbageCollection().failures()).isZero();
            }
        });
    }

    @Test
    void writersOutrunTheCollection_logStaysBounded() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            StoreOptions.GarbageCollection limits = new StoreOptions.GarbageCollection(0, 0.2, 0.5, 0, 0, true);
            try (Store store = open(options(limits), new ManualClock())) {
                fill(store, 1_000, KIB);
                fill(store, 1_000, KIB);
                // By now it is known to be a load. What is taken at once, here less than a segment, is not held up.
                for (int round = 0; round < 400; round++) {
                    rewrite(store, random, 50);
                    StoreStatistics.Log log = store.statistics().log();
                    assertThat(log.deadBytes())
                            .as("garbage in round %s: %s", round, log)
                            .isLessThan(log.bytes() / 2 + 6 * SEGMENT_BYTES);
                }
            }
        });
    }

    @Test
    void collectionHangsWhileWritesComeIn_writesWaitForIt() {
        FailingFileSystem failing = new FailingFileSystem(files);
        BrakeClock clock = new BrakeClock();
        StoreOptions options = options(new StoreOptions.GarbageCollection(0, 0.2, 0.5, 0, 0, true));
        try (Store store =
                Store.open(files.root(), options, TestEnvironment.of(failing, clock, 1), StoreListener.NONE)) {
            fill(store, 1_000, KIB);
            failing.inject(Fault.on(FileOperation.SYNC)
                    .named(".*[.]log[.]tmp")
                    .forEver()
                    .as(Fault.Kind.HOLD));
            CompletableFuture<Void> writes =
                    CompletableFuture.runAsync(() -> rewrite(store, new SplittableRandom(1), 6_000));
            try {
                await().until(() -> clock.braked && failing.held() > 0);
                assertThat(writes).isNotDone();
            } finally {
                failing.heal();
            }
            writes.join();
            assertThat(store.statistics().garbageCollection().failures()).isZero();
        }
    }

    /** Notices the waits of a {@link WriteBrake}, and lets no time pass. */
    private static final class BrakeClock implements Clock {

        private final ManualClock clock = new ManualClock();
        private volatile boolean braked;

        @Override
        public Instant now() {
            return clock.now();
        }

        @Override
        public long nanoTime() {
            return clock.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            braked |= nanos == TimeUnit.MILLISECONDS.toNanos(1);
            clock.parkNanos(nanos);
        }
    }

    /** Puts so many values of a KiB to keys at random, of those that {@link #fill} of 1,000 puts. */
    private static void rewrite(Store store, SplittableRandom random, int puts) {
        CompletableFuture<?>[] writes = new CompletableFuture<?>[puts];
        for (int i = 0; i < puts; i++) {
            writes[i] = store.set(random.nextInt(1_000), new byte[KIB]).toCompletableFuture();
        }
        Stages.await(CompletableFuture.allOf(writes));
    }

    private static double deadShare(Store store) {
        StoreStatistics.Log log = store.statistics().log();
        return (double) log.deadBytes() / log.bytes();
    }

    @Test
    void logBelowItsThreshold_nothingWorthwhileIsCollected() {
        try (Store store = open(options(1024 * KIB, 0.3, 0, 0), new ManualClock())) {
            fill(store, 100, KIB);
            fill(store, 50, KIB);
            long before = store.statistics().log().bytes();
            assertThat(store.collectGarbage(GarbageCollectionRequest.WORTHWHILE).segmentsCollected())
                    .isZero();
            assertThat(store.statistics().log().bytes()).isEqualTo(before);
        }
    }

    @Test
    void diskWithRoomForOneMoreSegment_collectionOfManySucceeds() {
        try (Store store = open(options(0, 0.3, 0, 0), new ManualClock())) {
            for (int round = 0; round < 2; round++) {
                fill(store, 1_000, KIB);
            }
            fill(store, 500, KIB);
            long used = Long.MAX_VALUE - files.usableBytes(files.root());
            files.capacityBytes(used + 2 * SEGMENT_BYTES);
            GarbageCollectionReport report = store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            assertThat(report.bytesReclaimed()).isGreaterThan(1_000 * KIB);
            assertThat(store.statistics().state()).isEqualTo(StoreState.WRITABLE);
            for (int key = 0; key < 1_000; key++) {
                assertThat(store.get(key)).isPresent();
            }
        }
    }

    @Test
    void rateLimit_copyingTakesSoLongOnTheClock() {
        PassingClock clock = new PassingClock();
        try (Store store = open(options(0, 0.3, KIB, 0), clock)) {
            fill(store, 100, KIB);
            fill(store, 50, KIB);
            long start = clock.nanoTime();
            GarbageCollectionReport report = store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            long seconds = TimeUnit.NANOSECONDS.toSeconds(clock.nanoTime() - start);
            assertThat(report.bytesCopied()).isGreaterThan(5 * KIB);
            assertThat(seconds).isBetween(report.bytesCopied() / KIB - 1, report.bytesCopied() / KIB + 1);
            assertThat(report.durationMillis()).isBetween(seconds * 1_000, (seconds + 1) * 1_000);
        }
    }

    @Test
    void anotherCollectionIsRunning_secondIsSkipped() {
        ManualClock clock = new ManualClock();
        try (Store store = open(options(0, 0.3, 1, 0), clock)) {
            fill(store, 100, KIB);
            fill(store, 50, KIB);
            CompletableFuture<GarbageCollectionReport> first =
                    CompletableFuture.supplyAsync(() -> store.collectGarbage(GarbageCollectionRequest.EVERYTHING));
            await().until(() -> store.statistics().garbageCollection().running());
            assertThat(store.collectGarbage(GarbageCollectionRequest.EVERYTHING).skipped())
                    .isTrue();
            assertThat(Stages.await(store.set(1, new byte[1])).replaced()).isTrue();
            await().until(() -> {
                clock.advance(Duration.ofDays(10));
                return first.isDone();
            });
            assertThat(Stages.await(first).skipped()).isFalse();
        }
    }

    @Test
    void longCollection_letsHintsBeWrittenBetweenItsSwaps() {
        ManualClock clock = new ManualClock();
        try (Store store = open(options(0, 0.3, 1, 0), clock)) {
            fill(store, 1_000, KIB);
            for (int key = 0; key < 1_000; key += 2) {
                Stages.await(store.set(key, new byte[1]));
            }
            CompletableFuture<GarbageCollectionReport> collection =
                    CompletableFuture.supplyAsync(() -> store.collectGarbage(GarbageCollectionRequest.EVERYTHING));
            await().until(() -> names().stream().anyMatch(name -> name.endsWith(".log.tmp")));
            List<String> withHint = names();
            fill(store, 200, KIB);
            await().until(() -> {
                clock.advance(Duration.ofHours(2));
                return names().stream().anyMatch(name -> name.endsWith(".hint") && !withHint.contains(name));
            });
            assertThat(collection).isNotDone();
        }
    }

    @Test
    void collectedWhileEntriesAreIterated_eachKeyIsMetOnce() {
        try (Store store = open(options(0, 0.3, 0, 0), new ManualClock())) {
            fill(store, 1_000, 100);
            fill(store, 500, 100);
            Iterator<Entry> entries = store.entries();
            for (int key = 0; key < 1_000; key++) {
                if (key % 100 == 0) {
                    fill(store, key, 100);
                    store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
                }
                assertThat(entries.next().key()).isEqualTo(key);
            }
            assertThat(entries.hasNext()).isFalse();
        }
        assertThat(files.bytesHeldByDeletedFiles()).isZero();
    }

    @Test
    void rotatingKeysAreSetAndRemoved_logDoesNotGrow() throws Exception {
        Seeds.run(seed -> {
            try (Store store = open(options(0, 0.3, 0, 0), new ManualClock())) {
                fill(store, 300, 200);
                long first = 10_000;
                for (int round = 0; round < 60; round++) {
                    for (int i = 0; i < 200; i++) {
                        store.set(first + 200 + i, new byte[50]);
                        Stages.await(store.remove(first + i));
                    }
                    first += 200;
                    store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                    assertThat(store.statistics().log().bytes())
                            .as(
                                    "log bytes in round %s: %s",
                                    round, store.statistics().log())
                            .isLessThan(4 * SEGMENT_BYTES);
                }
                assertThat(store.statistics().keys()).isEqualTo(500);
            }
        });
    }

    @Test
    void steadyRandomUpdates_logStaysWithinItsShareOfDeadBytes() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            double deadShareMin = 0.3;
            try (Store store = open(options(0, deadShareMin, 0, 0), new ManualClock())) {
                fill(store, 2_000, 400);
                long copiedBefore = 0;
                for (int round = 0; round < 100; round++) {
                    for (int i = 0; i < 99; i++) {
                        store.set(random.nextInt(2_000), new byte[400]);
                    }
                    Stages.await(store.set(random.nextInt(2_000), new byte[400]));
                    store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                    StoreStatistics.Log log = store.statistics().log();
                    assertThat(log.bytes())
                            .as("log bytes in round %s: %s", round, log)
                            .isLessThan((long) (log.liveBytes() / (1 - deadShareMin) * 1.1) + 2 * SEGMENT_BYTES);
                    copiedBefore = store.statistics().garbageCollection().bytesCopied();
                }
                long written = 100 * 100 * 433L;
                assertThat(copiedBefore)
                        .as("bytes copied for %s written", written)
                        .isLessThan(3 * written);
            }
        });
    }

    @Test
    void nothingNewIsDead_worthwhileCollectionsStopRewriting() {
        try (Store store = open(options(0, 0.01, 0, 0), new ManualClock())) {
            fill(store, 500, 300);
            fill(store, 200, 300);
            store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
            store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
            long copied = store.statistics().garbageCollection().bytesCopied();
            for (int i = 0; i < 5; i++) {
                assertThat(store.collectGarbage(GarbageCollectionRequest.WORTHWHILE)
                                .segmentsCollected())
                        .isZero();
            }
            assertThat(store.statistics().garbageCollection().bytesCopied()).isEqualTo(copied);
        }
    }

    @Test
    void manyCleanRestarts_smallSegmentsDoNotPileUp() {
        for (int restart = 0; restart < 60; restart++) {
            try (Store store = open(options(0, 0.3, 0, 0), new ManualClock())) {
                Stages.await(store.set(restart, new byte[100]));
                store.collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                assertThat(store.statistics().log().segments()).isLessThan(12);
                assertThat(store.statistics().keys()).isEqualTo(restart + 1);
            }
        }
        assertThat(names()).hasSizeLessThan(30);
    }

    private void fill(Store store, int keys, int valueBytes) {
        CompletableFuture<?>[] writes = new CompletableFuture<?>[keys];
        for (int key = 0; key < keys; key++) {
            writes[key] = store.set(key, new byte[valueBytes]).toCompletableFuture();
        }
        Stages.await(CompletableFuture.allOf(writes));
    }

    private List<String> names() {
        try {
            return files.list(files.root());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Store open(StoreOptions options, Clock clock) {
        return Store.open(files.root(), options, TestEnvironment.of(files, clock, 1), StoreListener.NONE);
    }

    private static StoreOptions options(
            long logBytesMin, double deadShareMin, long bytesPerSecondMax, int checkIntervalMillis) {
        return options(
                new StoreOptions.GarbageCollection(logBytesMin, deadShareMin, bytesPerSecondMax, checkIntervalMillis));
    }

    private static StoreOptions options(StoreOptions.GarbageCollection garbageCollection) {
        return StoreOptions.DEFAULTS.toBuilder()
                .segmentBytesMax(SEGMENT_BYTES)
                .valueBytesMax(SEGMENT_BYTES / 4)
                .reserveBytes(0)
                .garbageCollection(garbageCollection)
                .build();
    }
}
