package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.VerificationRunningException;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.PassingClock;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OnlineVerificationTest {

    private static final int KEYS = 12;

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    /** Rewritten and appended segments, tombstones, superseded sets, hints, a snapshot, and a segment being written. */
    private static MemoryStore busyStore() {
        MemoryStore store = new MemoryStore().open();
        for (int key = 0; key < KEYS; key++) {
            store.set(key, 30);
        }
        store.remove(1);
        store.set(2, 40);
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        store.set(3, 50);
        store.remove(4);
        store.reopen();
        store.set(5, 60);
        store.remove(6);
        return store;
    }

    private static VerificationReport verify(MemoryStore store) {
        return store.store().verify(VerificationRequest.UNLIMITED, VerificationListener.NONE);
    }

    @Test
    void segmentIsMissing_isAFindingAndTheRestIsVerified() throws IOException {
        try (MemoryStore store = busyStore()) {
            store.reopen();
            String missing = store.disk.list(store.disk.root()).stream()
                    .filter(name -> name.endsWith(".log"))
                    .findFirst()
                    .orElseThrow();
            store.disk.delete(store.file(missing));
            List<Long> left = new ArrayList<>();
            VerificationReport report =
                    store.store().verify(VerificationRequest.UNLIMITED, (done, total) -> left.add(total - done));

            assertThat(left).as("bytes left to read").endsWith(0L);
            assertThat(report.findings())
                    .anyMatch(finding -> finding.kind() == Finding.Kind.MISSING
                            && finding.file().endsWith(missing))
                    .hasSize(1);
            assertThat(report.records()).as("records of the other segments").isPositive();
            assertThat(store.store().statistics().log().damagedSegments()).isEqualTo(1);
        }
    }

    @Test
    void soundStore_isCleanAndItsFiguresAreToldAndNothingIsChanged() {
        try (MemoryStore store = busyStore()) {
            int position = store.disk.position();
            List<long[]> progress = new ArrayList<>();

            VerificationReport report = store.store()
                    .verify(VerificationRequest.UNLIMITED, (done, total) -> progress.add(new long[] {done, total}));

            assertThat(report.findings()).isEmpty();
            assertThat(report.notes()).isEmpty();
            assertThat(report.liveRecords()).isEqualTo(KEYS - 3);
            assertThat(report.records()).isGreaterThan(KEYS);
            long log = store.store().statistics().log().bytes();
            assertThat(progress.get(progress.size() - 1)).containsExactly(log, log);
            assertThat(report.bytes()).isGreaterThan(log);
            assertThat(store.disk.position()).isEqualTo(position);
            assertThat(store.store().statistics().log().damagedSegments()).isZero();
        }
    }

    @Test
    void eachByteDamagedOnDisk_isFoundInItsFile() throws IOException {
        try (MemoryStore store = busyStore()) {
            int flips = 0;
            for (String name : VerificationScenario.verifiedFiles(store.disk)) {
                Path file = store.file(name);
                int bytes = store.disk.contents(file).length;
                for (int offset = 0; offset < bytes; offset++) {
                    store.disk.flipBit(file, offset, offset % 8);
                    List<Finding> told = new ArrayList<>();
                    VerificationReport report = store.store().verify(VerificationRequest.UNLIMITED, told(told));
                    assertThat(report.findings())
                            .as("byte " + offset + " of " + name)
                            .anyMatch(finding -> finding.file().equals(file.toString()))
                            .isEqualTo(told);
                    store.disk.flipBit(file, offset, offset % 8);
                    flips++;
                }
            }
            assertThat(flips).isGreaterThan(1_000);
            assertThat(verify(store).findings()).isEmpty();
            int segments = store.store().statistics().log().segments();
            assertThat(store.store().statistics().log().damagedSegments()).isEqualTo(segments);
        }
    }

    private static VerificationListener told(List<Finding> findings) {
        return new VerificationListener() {
            @Override
            public void progressed(long doneBytes, long totalBytes) {}

            @Override
            public void found(Finding finding) {
                findings.add(finding);
            }
        };
    }

    @Test
    void damagedValue_countsItsSegmentAsDamaged() {
        try (MemoryStore store = new MemoryStore().open()) {
            store.set(1, 1_000);
            store.disk.flipBit(store.file("0000000001.log"), 800, 1);

            assertThat(verify(store).findings()).extracting(Finding::kind).containsExactly(Finding.Kind.VALUE);
            assertThat(store.store().statistics().log().damagedSegments()).isEqualTo(1);
        }
    }

    @Test
    void readThatFails_isFoundAndTheRestIsChecked() {
        try (MemoryStore store = busyStore()) {
            store.files.inject(
                    Fault.on(FileOperation.READ).named("0000000002.log").forEver());

            VerificationReport report = verify(store);

            assertThat(report.findings())
                    .anyMatch(finding -> finding.kind() == Finding.Kind.UNREADABLE
                            && finding.file().endsWith("0000000002.log"));
            assertThat(report.files()).isGreaterThan(4);
            store.files.heal();
        }
    }

    /** Something that happens to the store while it is verified. */
    private interface Change {
        void to(MemoryStore store);
    }

    static Stream<Arguments> changes() {
        Change collect = store -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        return Stream.of(
                change("set", store -> store.set(7, 10)),
                change("new key", store -> store.set(100, 10)),
                change("removed key again", store -> store.set(1, 10)),
                change("remove", store -> store.remove(8)),
                change("set and remove", store -> {
                    store.set(9, 10);
                    store.remove(9);
                }),
                change("collection", collect),
                change("remove and collection", store -> {
                    store.remove(8);
                    store.remove(0);
                    collect.to(store);
                }),
                change("collection and remove", store -> {
                    collect.to(store);
                    store.remove(8);
                    store.set(2, 7);
                }),
                change("collections and removes", store -> {
                    store.remove(8);
                    collect.to(store);
                    store.remove(9);
                    store.set(200, 12_000);
                    store.remove(200);
                    collect.to(store);
                }),
                change("rolls", store -> {
                    for (int key = 300; key < 312; key++) {
                        store.set(key, 12_000);
                    }
                    store.remove(10);
                }));
    }

    private static Arguments change(String name, Change change) {
        return Arguments.of(name, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void whatHappensMeanwhileAtAnyPlace_isNoFinding(String name, Change change) {
        int places = 0;
        for (int place = 1; place > 0; place++) {
            try (MemoryStore store = busyStore()) {
                int at = place;
                AtomicInteger asked = new AtomicInteger();
                BooleanSupplier changing = () -> {
                    if (asked.incrementAndGet() == at) {
                        change.to(store);
                    }
                    return false;
                };
                VerificationReport report =
                        store.store().verify(new VerificationRequest(0, changing), VerificationListener.NONE);
                assertThat(report.findings()).as(name + " at place " + place).isEmpty();
                assertThat(verify(store).findings())
                        .as(name + " after place " + place)
                        .isEmpty();
                if (asked.get() < place) {
                    places = place;
                    place = Integer.MIN_VALUE;
                }
            }
        }
        assertThat(places).isGreaterThan(10);
    }

    @Test
    void copyThatACollectionMadeMeanwhile_isCheckedToo() {
        try (MemoryStore store = busyStore()) {
            AtomicInteger asked = new AtomicInteger();
            BooleanSupplier collecting = () -> {
                if (asked.incrementAndGet() == 1) {
                    store.remove(8);
                    store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                    store.disk.flipBit(newestSegment(store), 250, 3);
                }
                return false;
            };
            VerificationReport report =
                    store.store().verify(new VerificationRequest(0, collecting), VerificationListener.NONE);

            assertThat(report.findings())
                    .as("of its frames, not only of the index")
                    .anyMatch(finding -> finding.kind() != Finding.Kind.INDEX
                            && finding.file().equals(newestSegment(store).toString()));
        }
    }

    private static Path newestSegment(MemoryStore store) {
        String newest = store.contents().keySet().stream()
                .filter(name -> name.endsWith(".log"))
                .max(String::compareTo)
                .orElseThrow();
        return store.file(newest);
    }

    @Test
    void writersAndCollectionsAllTheTime_areNoFinding() throws Exception {
        Seeds.run(seed -> {
            try (MemoryStore store = busyStore()) {
                AtomicBoolean stop = new AtomicBoolean();
                List<CompletableFuture<Void>> threads = new ArrayList<>();
                for (int thread = 0; thread < 2; thread++) {
                    SplittableRandom random = new SplittableRandom(seed + thread);
                    threads.add(CompletableFuture.runAsync(() -> write(store, stop, random)));
                }
                threads.add(CompletableFuture.runAsync(() -> {
                    while (!stop.get()) {
                        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                    }
                }));
                try {
                    for (int run = 0; run < 150; run++) {
                        assertThat(verify(store).findings()).isEmpty();
                    }
                } finally {
                    stop.set(true);
                }
                CompletableFuture.allOf(threads.toArray(CompletableFuture[]::new))
                        .get(120, TimeUnit.SECONDS);
                assertThat(verify(store).findings()).isEmpty();
                assertThat(store.store().statistics().garbageCollection().runs())
                        .isPositive();
            }
        });
    }

    private static void write(MemoryStore store, AtomicBoolean stop, SplittableRandom random) {
        while (!stop.get()) {
            if (random.nextInt(3) == 0) {
                store.remove(random.nextInt(KEYS));
            } else {
                store.set(random.nextInt(KEYS), random.nextInt(3_000));
            }
        }
    }

    @Test
    void cancelled_endsSoonAndAnotherMayBegin() {
        try (MemoryStore store = busyStore()) {
            AtomicInteger asked = new AtomicInteger();

            assertThatThrownBy(() -> store.store()
                            .verify(
                                    new VerificationRequest(0, () -> asked.incrementAndGet() >= 3),
                                    VerificationListener.NONE))
                    .isInstanceOf(CancellationException.class);

            assertThat(asked).hasValueLessThan(6);
            assertThat(store.disk.openHandles()).doesNotHaveDuplicates();
            assertThat(verify(store).findings()).isEmpty();
        }
    }

    @Test
    void secondVerification_isRefusedWithHowFarTheFirstIs_andACloseEndsTheFirst() throws Exception {
        MemoryStore store = busyStore();
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<VerificationReport> first = CompletableFuture.supplyAsync(() -> {
            // One byte a second on a clock that stands still: it waits for ever.
            return store.store().verify(new VerificationRequest(1, () -> false), (done, total) -> begun.countDown());
        });
        begun.await();

        assertThatThrownBy(() -> verify(store))
                .isInstanceOf(VerificationRunningException.class)
                .hasMessageContaining("% done");
        store.close();

        assertThat(first.handle((report, failure) -> failure.getCause()).get(60, TimeUnit.SECONDS))
                .isInstanceOf(StoreClosedException.class);
        assertThat(store.disk.openHandles()).isEmpty();
    }

    @Test
    void rate_isKept() {
        try (MemoryStore busy = busyStore()) {
            PassingClock clock = new PassingClock();
            MemoryStore copy = busy.image();
            try (Store store = Store.open(
                    copy.disk.root(),
                    MemoryStore.SMALL,
                    TestEnvironment.of(copy.files, clock, 1),
                    StoreListener.NONE)) {
                long before = clock.nanoTime();
                VerificationReport report =
                        store.verify(new VerificationRequest(100, () -> false), VerificationListener.NONE);

                double seconds = (clock.nanoTime() - before) / 1e9;
                assertThat(seconds).isBetween(report.bytes() / 100.0 - 10, report.bytes() / 100.0 + 10);
                assertThat(report.isClean()).isTrue();
            }
        }
    }

    @Test
    void readOnlyStore_isVerifiedToo() {
        try (MemoryStore store = busyStore()) {
            store.files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
            assertThatThrownBy(() -> store.set(1, 1)).isNotNull();
            assertThat(store.store().statistics().state()).isEqualTo(StoreState.READ_ONLY);

            assertThat(Set.copyOf(verify(store).findings())).isEmpty();
        }
    }
}
