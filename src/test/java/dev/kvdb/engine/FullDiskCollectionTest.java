package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Garbage collection where the disk has little room, or none. */
class FullDiskCollectionTest {

    private final MemoryStore store = new MemoryStore();

    @AfterEach
    void close() {
        store.files.heal();
        store.close();
    }

    @Test
    void fullDisk_collectionGoesOnFromTheReserve() {
        store.with(MemoryStore.SMALL.toBuilder().reserveBytes(80_000).build());
        GarbageCollectionTest.fill(store);
        Map<Long, String> before = store.entries();
        leaveOnDisk(0);
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

        assertThat(report.bytesReclaimed()).isPositive();
        assertThat(store.store().statistics().garbageCollection().failures()).isZero();
        assertThat(store.entries()).isEqualTo(before);
        store.clock.advance(Duration.ofSeconds(2));
        await().until(() -> store.store().statistics().state() == StoreState.WRITABLE);
        assertThat(store.disk.exists(store.file("RESERVE"))).isTrue();
    }

    @Test
    void fullDiskThatKeepsBytesFromOthers_collectionGoesOnFromTheReserve() {
        store.disk.keptBytes(1_000_000);
        fullDisk_collectionGoesOnFromTheReserve();
    }

    @Test
    void roomThatACopyIsMadeFrom_isNotTakenBackForTheReserve() throws Exception {
        store.with(MemoryStore.SMALL.toBuilder().reserveBytes(80_000).build());
        GarbageCollectionTest.fill(store);
        collectWhileRoomIsLookedFor(20_000);
    }

    @Test
    void roomForACopyOfASegmentThatIsLongerThanTheyMayBeNow_isNotTakenBackForTheReserve() throws Exception {
        StoreOptions smaller =
                MemoryStore.SMALL.toBuilder().reserveBytes(80_000).build();
        store.with(smaller.toBuilder().segmentBytesMax(256 * 1024).build()).open();
        for (long key = 0; key < 40; key++) {
            store.set(key, 5000);
        }
        for (long key = 0; key < 12; key++) {
            store.set(key, 10);
        }
        store.with(smaller).reopen();
        collectWhileRoomIsLookedFor(100_000);
    }

    /** Has the committer look for room between the begin of a copy, which needs the reserve, and its first byte. */
    private void collectWhileRoomIsLookedFor(long bytesLeft) throws Exception {
        Map<Long, String> before = store.entries();
        leaveOnDisk(bytesLeft);
        store.files.inject(Fault.on(FileOperation.CREATE).named(".*log.tmp").as(Fault.Kind.HOLD));
        FutureTask<GarbageCollectionReport> collection =
                new FutureTask<>(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING));
        new Thread(collection, "collecting").start();
        await().until(() -> store.files.held() == 1);
        assertThat(store.store().statistics().state()).isEqualTo(StoreState.DISK_FULL);
        // The second one's answer says that the committer has looked for room after the first.
        store.clock.advance(Duration.ofSeconds(2));
        store.remove(999_999);
        store.remove(999_999);
        store.files.heal();

        assertThat(collection.get(60, TimeUnit.SECONDS).bytesReclaimed()).isPositive();
        assertThat(store.store().statistics().garbageCollection().failures()).isZero();
        assertThat(store.entries()).isEqualTo(before);
        store.clock.advance(Duration.ofSeconds(2));
        await().until(() -> store.store().statistics().state() == StoreState.WRITABLE);
    }

    @Test
    void fullDiskWithRoomForOneSmallCopy_thatOneIsMadeFirst() {
        store.open();
        for (long key = 0; key < 24; key++) {
            store.set(key, 5000);
        }
        for (long key = 0; key < 20; key++) {
            if (key < 10 ? key % 2 == 0 : key > 11) {
                store.set(key, 10);
            }
        }
        leaveOnDisk(30_000);
        GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        assertThat(report.segmentsCollected()).isGreaterThan(1);
        assertThat(store.store().statistics().garbageCollection().failures()).isZero();
    }

    @Test
    void fullDisk_isReportedAndRemovesAndCollectionGoOnFromTheReserve() {
        store.with(MemoryStore.SMALL.toBuilder().reserveBytes(300_000).build());
        GarbageCollectionTest.fill(store);
        store.disk.capacityBytes(10_000);
        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(DiskFullException.class);
        assertThat(store.store().statistics().state()).isEqualTo(StoreState.DISK_FULL);
        assertThat(store.disk.exists(store.file("RESERVE"))).isFalse();
        assertThatThrownBy(() -> store.set(1, 10)).isInstanceOf(DiskFullException.class);

        store.disk.capacityBytes(Long.MAX_VALUE);
        assertThat(store.remove(1).removed()).isTrue();
        await().until(() -> store.store().statistics().state() == StoreState.WRITABLE);
        assertThat(store.disk.exists(store.file("RESERVE"))).isTrue();
        store.set(1, 10);
        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                        .segmentsCollected())
                .isPositive();
    }

    private void leaveOnDisk(long bytes) {
        store.disk.capacityBytes(Long.MAX_VALUE);
        store.disk.capacityBytes(Long.MAX_VALUE - store.disk.writableBytes(store.disk.root()) + bytes);
    }
}
