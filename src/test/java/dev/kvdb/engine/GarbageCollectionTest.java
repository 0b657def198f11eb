package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.LoggedLines;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GarbageCollectionTest {

    private final MemoryStore store = new MemoryStore();

    @AfterEach
    void close() {
        store.files.heal();
        store.close();
    }

    @Test
    void collection_keepsEntriesAndVersionsAndGivesBytesBack() throws IOException {
        fill();
        Map<Long, String> before = store.entries();
        long bytes = store.store().statistics().log().bytes();
        GarbageCollectionReport preview = store.store().collectGarbage(new GarbageCollectionRequest(true, true));
        assertThat(store.store().statistics().log().bytes())
                .as("a dry run changes nothing")
                .isEqualTo(bytes);
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(preview.segmentsCollected()).isPositive().isLessThanOrEqualTo(report.segmentsCollected());
        assertThat(report.skipped()).isFalse();
        assertThat(report.bytesReclaimed()).isPositive();
        assertThat(store.store().statistics().log().bytes())
                .isEqualTo(bytes - report.bytesReclaimed() + sealMark(store));
        assertThat(store.entries()).isEqualTo(before);
        StoreStatistics.GarbageCollection statistics =
                store.store().statistics().garbageCollection();
        assertThat(statistics.runs()).isEqualTo(1);
        assertThat(statistics.bytesCopied()).isEqualTo(report.bytesCopied());
        assertThat(statistics.bytesReclaimed()).isEqualTo(report.bytesReclaimed());
        store.reopen();
        assertThat(store.entries()).isEqualTo(before);
        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                        .segmentsCollected())
                .as("nothing is left to collect")
                .isZero();
    }

    /** A forced collection seals the active segment with one more mark. */
    private static long sealMark(MemoryStore store) {
        return store.store().statistics().log().segments() > 0 ? 65 : 0;
    }

    @Test
    void cachedValues_moveWithTheirRecords() {
        store.with(MemoryStore.SMALL.toBuilder().cacheBytesMax(10 << 20).build());
        fill();
        store.entries();
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        store.files.resetCounts();
        store.entries();

        assertThat(store.files.count(FileOperation.READ)).isZero();
    }

    @Test
    void fileOfTheCopysTemporaryName_isNotInTheWay() {
        fill();
        Map<Long, String> before = store.entries();
        for (int id = 1; id <= 100; id++) {
            store.disk.put(store.file(StoreFileNames.temporary(StoreFileNames.segment(id))), new byte[200_000]);
        }
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(store.store().statistics().garbageCollection().failures()).isZero();
        store.reopen();
        assertThat(store.entries()).isEqualTo(before);
    }

    @Test
    void damagedLiveRecord_keepsItsSegmentAndOthersAreCollected() {
        fill();
        store.set(1000, 3000);
        for (long key = 2000; key < 2010; key++) {
            store.set(key, 6000);
        }
        // The first segment's live key 1 is damaged in its value.
        store.disk.flipBit(store.file("0000000001.log"), 128 + 65 + 33 + 5000 + 65 + 33 + 100, 0);
        assertThatThrownBy(() -> store.store().get(1)).isInstanceOf(DamageException.class);
        long segments = store.store().statistics().log().segments();
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(report.segmentsCollected()).isPositive();
        assertThat(store.disk.exists(store.file("0000000001.log"))).isTrue();
        assertThat(store.store().statistics().log().segments()).isLessThanOrEqualTo((int) segments);
        assertThatThrownBy(() -> store.store().get(1)).isInstanceOf(DamageException.class);
        assertThat(store.store().get(3)).isPresent();
    }

    @Test
    void damagedHints_areMadeUpForByAScan() {
        fill();
        Map<Long, String> before = store.entries();
        await().until(() -> store.disk.exists(store.file("0000000001.hint")));
        store.disk.flipBit(store.file("0000000001.hint"), 70, 0);
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(store.disk.exists(store.file("0000000001.log"))).isFalse();
        assertThat(store.entries()).isEqualTo(before);
    }

    @Test
    void smallLog_isLeftAloneUnlessForced() {
        store.with(MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(10 << 20, 0.3, 0, 0))
                .build());
        fill();

        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.WORTHWHILE)
                        .segmentsCollected())
                .isZero();
        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                        .segmentsCollected())
                .isPositive();
    }

    @Test
    void secondCollection_isSkippedWhileOneRunsAndAClosedStoreEndsIt() throws Exception {
        store.with(MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 1, 0))
                .build());
        fill();
        FutureTask<GarbageCollectionReport> slow =
                new FutureTask<>(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING));
        new Thread(slow).start();
        await().until(() -> store.store().statistics().garbageCollection().running());

        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                        .skipped())
                .isTrue();
        Map<Long, String> before = store.entries();
        store.close();
        assertThat(slow.get(10, TimeUnit.SECONDS).segmentsCollected()).isZero();
        store.with(MemoryStore.SMALL).open();
        assertThat(store.entries()).isEqualTo(before);
        assertThat(store.disk.openHandles()).allMatch(name -> name.endsWith(".log"));
    }

    @Test
    void closeDuringACollectionOfTheStoreItself_isNoFailureToTheLog() throws InterruptedException {
        store.with(MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.1, 0, 1))
                .build());
        fill();
        store.files.inject(
                Fault.on(FileOperation.SYNC).named(".*[.]log[.]tmp").forEver().as(Fault.Kind.HOLD));
        try (LoggedLines log = new LoggedLines(LogStructuredStore.class.getName())) {
            await().until(() -> {
                store.clock.advance(Duration.ofMillis(1));
                return store.files.held() > 0
                        && store.store().statistics().garbageCollection().running();
            });
            Store closed = store.store();
            Thread closing = new Thread(closed::close);
            closing.start();
            await().until(() -> closed.set(1, new byte[1]).toCompletableFuture().isCompletedExceptionally());
            store.files.heal();
            closing.join();

            assertThat(log.lines).isEmpty();
        }
    }

    @Test
    void anyFileOperationThatFails_losesNothing() {
        for (int nth = 1; nth < 200; nth += nth < 20 ? 1 : 3) {
            CrashingFileSystem disk = new CrashingFileSystem();
            try (MemoryStore one = new MemoryStore(disk, MemoryStore.SMALL)) {
                fill(one);
                Map<Long, String> before = one.entries();
                one.files.inject(Fault.onAnything().nth(nth));
                boolean failed = false;
                try {
                    one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                } catch (StoreException e) {
                    failed = true;
                    assertThat(one.store().statistics().garbageCollection().failures())
                            .isEqualTo(1);
                    assertThat(one.store().statistics().garbageCollection().lastError())
                            .isNotNull();
                }
                one.files.heal();
                if (one.store().statistics().state() == StoreState.WRITABLE) {
                    one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                    assertThat(one.store().statistics().garbageCollection().lastError())
                            .isNull();
                }
                assertThat(one.entries()).as("operation %d", nth).isEqualTo(before);
                one.reopen();
                assertThat(one.entries()).as("operation %d, reopened", nth).isEqualTo(before);
                if (!failed && nth > 60) {
                    return;
                }
            }
        }
    }

    @Test
    void copyCannotBeMade_collectionFailsAndIsTriedAgain() {
        for (Fault fault : List.of(
                Fault.on(FileOperation.CREATE).named(".*log[.]tmp"),
                Fault.on(FileOperation.WRITE).named(".*log[.]tmp"),
                Fault.on(FileOperation.CREATE).named("MANIFEST[.]tmp").nth(2),
                Fault.on(FileOperation.CREATE).named("MANIFEST[.]tmp").nth(3),
                Fault.on(FileOperation.RENAME).named(".*log[.]tmp"))) {
            try (MemoryStore one = new MemoryStore()) {
                fill(one);
                one.files.inject(fault);
                assertThatThrownBy(() -> one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                        .as("%s", fault)
                        .isInstanceOf(StoreIoException.class);
                assertThat(one.store().statistics().garbageCollection().failures())
                        .isEqualTo(1);
                one.set(1, 10);
                assertThat(one.store()
                                .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                                .bytesReclaimed())
                        .as("%s", fault)
                        .isPositive();
            }
        }
    }

    @Test
    void unknownWhatIsOnDisk_collectionTurnsTheStoreReadOnly() {
        for (Fault fault : List.of(
                Fault.on(FileOperation.SYNC).named(".*log[.]tmp"),
                Fault.on(FileOperation.SYNC).named("MANIFEST[.]tmp").nth(2),
                Fault.on(FileOperation.SYNC).named("MANIFEST[.]tmp").nth(3),
                Fault.on(FileOperation.SYNC_DIRECTORY).nth(2),
                Fault.on(FileOperation.SYNC_DIRECTORY).nth(3),
                Fault.on(FileOperation.SYNC_DIRECTORY).nth(4),
                Fault.on(FileOperation.RENAME).named("MANIFEST[.]tmp").nth(2),
                Fault.on(FileOperation.RENAME).named("MANIFEST[.]tmp").nth(3))) {
            try (MemoryStore one = new MemoryStore()) {
                fill(one);
                one.files.inject(fault);
                assertThatThrownBy(() -> one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                        .as("%s", fault)
                        .isInstanceOf(StoreReadOnlyException.class);
                assertThat(one.store().statistics().garbageCollection().failures())
                        .isEqualTo(1);
                assertThatThrownBy(() -> one.set(1, 10)).isInstanceOf(StoreReadOnlyException.class);
                if (!fault.operations().contains(FileOperation.RENAME)) {
                    assertThat(one.store().statistics().writes().lastSyncError())
                            .as("%s", fault)
                            .contains("Input/output error");
                }
            }
        }
    }

    @Test
    void logCannotBeSynced_collectionSaysThatTheStoreIsReadOnly() {
        store.with(MemoryStore.SMALL.toBuilder().syncPolicy(SyncPolicy.OS).build());
        fill();
        store.set(1, 10);
        store.files.inject(Fault.on(FileOperation.SYNC).named("[0-9]+[.]log").forEver());
        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreReadOnlyException.class);
        assertThat(store.store().statistics().writes().lastSyncError()).contains("Input/output error");
    }

    @Test
    void directoryCannotBeSyncedForASnapshot_storeTurnsReadOnly() {
        store.with(MemoryStore.SMALL.toBuilder()
                .segmentBytesMax(256 * 1024)
                .snapshotLogBytes(64 * 1024)
                .build());
        store.open();
        store.set(0, 5000);
        // All further writes go to the segment that was just made, so that only the snapshot syncs the directory.
        store.files.inject(Fault.on(FileOperation.SYNC_DIRECTORY));
        for (int i = 1; i < 14; i++) {
            store.set(i, 5000);
        }
        await().until(() -> store.store().statistics().state() == StoreState.READ_ONLY);
        assertThat(store.store().statistics().writes().lastSyncError()).contains("Input/output error");
    }

    @Test
    void victimCannotBeRead_restIsCollected() {
        fill();
        store.files.inject(
                Fault.on(FileOperation.READ).named("0000000001[.](log|hint)").forEver());
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        assertThat(report.bytesReclaimed()).isPositive();
        assertThat(store.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
        assertThat(store.disk.exists(store.file("0000000001.log"))).isTrue();
    }

    @Test
    void victimIsMissing_restIsCollected() throws IOException {
        fill();
        store.reopen();
        store.disk.delete(store.file("0000000001.log"));
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(report.segmentsCollected()).isPositive();
        assertThat(store.disk.exists(store.file("0000000002.log"))).isFalse();
        assertThatThrownBy(() -> store.store().get(1)).isInstanceOf(DamageException.class);
    }

    @Test
    void readOnlyStore_isNotCollected() {
        fill();
        store.files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
        assertThatThrownBy(() -> store.set(1, 10)).isInstanceOf(StoreReadOnlyException.class);

        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreReadOnlyException.class);
        assertThat(store.store()
                        .collectGarbage(new GarbageCollectionRequest(true, true))
                        .segmentsCollected())
                .isPositive();
    }

    @Test
    void storeThatLooksForGarbageItself_collectsItWhenTimeHasPassed() {
        store.with(MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 1000))
                .snapshotLogBytes(1 << 20)
                .build());
        fill();
        for (int i = 0; i < 200; i++) {
            store.set(5000, 6000);
        }
        store.clock.advance(Duration.ofSeconds(2));

        await().until(() -> store.store().statistics().garbageCollection().runs() > 0);
        await().until(() -> store.disk.exists(store.file("SNAPSHOT")));
        store.files.inject(
                Fault.on(FileOperation.CREATE).named("(SNAPSHOT|.*hint)[.]tmp").forEver());
        for (int i = 0; i < 30; i++) {
            store.clock.advance(Duration.ofSeconds(2));
            store.set(5000, 10);
        }
        assertThat(store.store().get(5000)).isPresent();
    }

    /** From now on so many bytes more fit on the disk. */
    private void fill() {
        fill(store);
    }

    /** Three segments in which half is dead, and some keys removed. */
    static void fill(MemoryStore store) {
        store.open();
        for (int round = 0; round < 2; round++) {
            for (long key = 0; key < 16; key++) {
                store.set(round == 0 ? key : key * 2, 5000);
            }
        }
        store.remove(3 * 2);
        store.remove(100);
    }
}
