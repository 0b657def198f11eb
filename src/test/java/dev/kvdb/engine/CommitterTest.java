package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.ActiveLog;
import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Runs the committer in the test's thread, on writes that all wait before it begins. */
class CommitterTest {

    private static final int HALF_A_SEGMENT = 40 * 1024;

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final StoreDirectory directory = new StoreDirectory(files, disk.root());
    private final Segments segments = new Segments(directory, new Manifest(new UUID(1, 2), 1, 1, List.of()), 16);
    private final OrderedIndex index = OrderedIndex.builder().build();
    private final Availability availability = new Availability("dir", StoreListener.NONE);
    private final WriteCounters counters = new WriteCounters();
    private final StepClock clock = new StepClock();
    private long reserveBytes;
    private final WriteQueue queue = new WriteQueue("dir", clock, 1000, 1 << 30);

    /** Time passes when it is waited for; after some waits the queue is closed. */
    private final class StepClock implements Clock {
        private final ManualClock time = new ManualClock();
        private final List<Long> waits = new ArrayList<>();
        private int waitsMax;
        private @Nullable Error failure;
        private Runnable whenFailed = () -> {};

        @Override
        public Instant now() {
            return time.now();
        }

        @Override
        public long nanoTime() {
            return time.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            waits.add(nanos);
            time.advance(Duration.ofNanos(nanos));
            if (failure != null) {
                Error now = failure;
                failure = null;
                whenFailed.run();
                throw now;
            }
            if (waits.size() >= waitsMax) {
                queue.close();
            }
        }
    }

    @Test
    void writesThatWaitTogether_shareOneSync() {
        var first = set(1, 10);
        var second = set(2, 10);
        var third = remove(1);
        run(SyncPolicy.ALWAYS);

        assertThat(counters.syncs.sum()).isEqualTo(1);
        assertThat(first.join()).isEqualTo(new SetResult(1, false));
        assertThat(second.join()).isEqualTo(new SetResult(2, false));
        assertThat(third.join()).isEqualTo(new RemoveResult(3, true));
        assertThat(index.get(1)).isEqualTo(OrderedIndex.ABSENT);
        assertThat(index.get(2)).isNotEqualTo(OrderedIndex.ABSENT);
    }

    @Test
    void acknowledgedSet_keepsItsValueNoLonger() {
        PendingWrite.Set set = new PendingWrite.Set(1, MemoryStore.value(1, 10));
        queue.offer(set);
        run(SyncPolicy.ALWAYS);

        assertThat(set.join().version()).isEqualTo(1);
        assertThat(set.value).isEmpty();
    }

    @Test
    void removeOfAbsentKey_writesNothingAndTellsTheVersionBefore() {
        var nothing = remove(5);
        var set = set(1, 10);
        var again = remove(5);
        run(SyncPolicy.ALWAYS);

        assertThat(nothing.join()).isEqualTo(new RemoveResult(0, false));
        assertThat(set.join()).isEqualTo(new SetResult(1, false));
        assertThat(again.join()).isEqualTo(new RemoveResult(1, false));
        assertThat(segments.all().get(0).counters().tombstones()).isZero();
    }

    @Test
    void syncFailsForAGroup_writesThatWaitBehindItFailToo() {
        var first = set(1, HALF_A_SEGMENT);
        var second = set(2, HALF_A_SEGMENT);
        var third = remove(1);
        files.inject(Fault.on(FileOperation.SYNC).named(".*log").nth(2));
        run(SyncPolicy.ALWAYS);

        for (CompletableFuture<?> write : List.of(first, second, third)) {
            assertThatThrownBy(write::join).hasCauseInstanceOf(StoreReadOnlyException.class);
        }
        assertThat(counters.lastSyncError()).contains("Input/output error");
        assertThat(files.count(FileOperation.SYNC))
                .as("syncs, the manifest's included")
                .isEqualTo(3);
        assertThat(index.size()).isZero();
        assertThat(counters.failed.sum()).isEqualTo(3);
    }

    @Test
    void syncFailsForAGroup_controlBehindItFailsAndDoesNotSyncAgain() {
        for (PendingWrite.Control.Action action : PendingWrite.Control.Action.values()) {
            CommitterTest fresh = new CommitterTest();
            var set = fresh.set(1, 10);
            PendingWrite.Control control = new PendingWrite.Control(action);
            fresh.queue.offer(control);
            fresh.files.inject(Fault.on(FileOperation.SYNC).named(".*log").nth(2));
            fresh.run(SyncPolicy.ALWAYS);

            assertThatThrownBy(set::join).hasCauseInstanceOf(StoreReadOnlyException.class);
            assertThatThrownBy(control::join).hasCauseInstanceOf(StoreReadOnlyException.class);
            assertThat(fresh.files.count(FileOperation.SYNC)).isEqualTo(3);
        }
    }

    @Test
    void diskFullForAGroup_setBehindItFailsAndRemoveGoesOn() {
        var first = set(1, HALF_A_SEGMENT);
        var second = set(2, HALF_A_SEGMENT);
        var third = remove(1);
        disk.capacityBytes(15_000);
        run(SyncPolicy.ALWAYS);

        assertThatThrownBy(first::join).hasCauseInstanceOf(DiskFullException.class);
        assertThatThrownBy(second::join).hasCauseInstanceOf(DiskFullException.class);
        assertThat(third.join().removed())
                .as("the set before it was taken back")
                .isFalse();
        assertThat(availability.state()).isEqualTo(StoreState.DISK_FULL);
    }

    @Test
    void diskFullForAGroup_removesInItAreMadeFromTheReserve() throws Exception {
        reserveBytes = 10_000;
        new DiskReserve(directory, reserveBytes).take();
        disk.capacityBytes(Long.MAX_VALUE - disk.usableBytes(disk.root()) + 5_000);
        index.put(1, RecordLocation.of(9, 128, 40));
        var present = remove(1);
        var set = set(2, HALF_A_SEGMENT);
        var setBefore = remove(2);
        run(SyncPolicy.ALWAYS);

        assertThatThrownBy(set::join).hasCauseInstanceOf(DiskFullException.class);
        assertThat(present.join().removed()).isTrue();
        assertThat(setBefore.join().removed())
                .as("the set before it was taken back")
                .isFalse();
        assertThat(index.size()).isZero();
        assertThat(availability.state()).isEqualTo(StoreState.DISK_FULL);
        assertThat(counters.failed.sum()).isEqualTo(1);
        assertThat(queue.requests()).isZero();
    }

    @Test
    void diskFullForTheReserveToo_removesFailOnce() {
        index.put(1, RecordLocation.of(9, 128, 40));
        var first = remove(1);
        var second = remove(1);
        disk.capacityBytes(0);
        run(SyncPolicy.ALWAYS);

        assertThatThrownBy(first::join).hasCauseInstanceOf(DiskFullException.class);
        assertThatThrownBy(second::join).hasCauseInstanceOf(DiskFullException.class);
        assertThat(counters.failed.sum()).isEqualTo(2);
        assertThat(queue.requests()).isZero();
    }

    @Test
    void noDescriptorForANewSegment_onlyTheWritesThatNeedItFail() {
        var nothing = remove(5);
        var first = set(1, 10);
        var second = set(2, 10);
        files.inject(Fault.on(FileOperation.CREATE).named(".*log").as(Fault.Kind.NO_DESCRIPTOR));
        run(SyncPolicy.ALWAYS);

        assertThatThrownBy(first::join)
                .hasCauseInstanceOf(StoreIoException.class)
                .hasMessageContaining("0000000001.log: Too many open files");
        assertThat(nothing.join().removed()).isFalse();
        assertThat(second.join()).isEqualTo(new SetResult(1, false));
        assertThat(availability.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(counters.failed.sum()).isEqualTo(1);
        assertThat(index.get(1)).isEqualTo(OrderedIndex.ABSENT);
        assertThat(queue.requests()).isZero();
    }

    @Test
    void noDescriptorForTheSealAtTheEnd_storeIsNoFailedOne() {
        var set = set(1, 10);
        files.inject(Fault.on(FileOperation.CREATE).named("MANIFEST.tmp").nth(2).as(Fault.Kind.NO_DESCRIPTOR));
        run(SyncPolicy.ALWAYS);

        assertThat(set.join()).isEqualTo(new SetResult(1, false));
        assertThat(availability.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(segments.all().get(0).isSealed()).isFalse();
    }

    @Test
    void writeOfTheLogFails_reasonNamesItsFile() {
        var set = set(1, 10);
        files.inject(Fault.on(FileOperation.WRITE).named(".*log").nth(2));
        run(SyncPolicy.ALWAYS);

        assertThatThrownBy(set::join).hasCauseInstanceOf(StoreReadOnlyException.class);
        assertThat(availability.detail()).startsWith("cannot write ").contains("0000000001.log: Input/output error");
    }

    @Test
    void virtualMachineFailsWhileAGroupIsApplied_whoeverWaitsIsTold() {
        StoreListener failing = new StoreListener() {
            @Override
            public void synced(long nanos, int writes, long bytes) {
                throw new OutOfMemoryError("as if");
            }
        };
        var set = set(1, 10);
        var behind = set(2, 10);
        run(SyncPolicy.ALWAYS, failing);

        assertThatThrownBy(set::join).hasCauseInstanceOf(StoreReadOnlyException.class);
        assertThatThrownBy(behind::join).hasCauseInstanceOf(StoreReadOnlyException.class);
    }

    @Test
    void answeredWrites_haveMadeRoomInTheQueueBefore() {
        List<Long> left = new ArrayList<>();
        for (var write : List.of(set(1, HALF_A_SEGMENT), set(2, HALF_A_SEGMENT), set(3, 1))) {
            write.whenComplete((result, failure) -> left.add(queue.bytes()));
        }
        run(SyncPolicy.ALWAYS);
        assertThat(left).containsExactly(HALF_A_SEGMENT + 1L, 0L, 0L);
        assertThat(queue.requests()).isZero();
    }

    @Test
    void failedWrites_haveMadeRoomInTheQueueBefore() {
        List<Long> left = new ArrayList<>();
        for (var write : List.of(set(1, HALF_A_SEGMENT), set(2, HALF_A_SEGMENT), set(3, 1))) {
            write.whenComplete((result, failure) -> left.add(queue.bytes()));
        }
        files.inject(Fault.on(FileOperation.SYNC).named(".*log").nth(2));
        run(SyncPolicy.ALWAYS);
        assertThat(left).containsExactly(HALF_A_SEGMENT + 1L, 1L, 0L);
        assertThat(queue.requests()).isZero();
    }

    @Test
    void noMemoryToTakeWrites_laterOnesAreAnsweredToo() {
        clock.failure = new OutOfMemoryError("as if");
        clock.waitsMax = 2;
        StoreListener failing = new StoreListener() {
            @Override
            public void stateChanged(StoreState state, String detail) {
                throw new IllegalStateException("as if");
            }
        };
        Availability watched = new Availability("dir", failing);
        CompletableFuture<SetResult> behind = new CompletableFuture<>();
        clock.whenFailed = () -> set(1, 10).whenComplete((result, failure) -> behind.completeExceptionally(failure));
        committer(SyncPolicy.ALWAYS, failing, watched).run();

        assertThat(watched.state()).isEqualTo(StoreState.READ_ONLY);
        assertThatThrownBy(behind::join).hasCauseInstanceOf(StoreReadOnlyException.class);
    }

    @Test
    void syncFailsWithInterval_committerDoesNotSpin() {
        set(1, 10);
        files.inject(Fault.on(FileOperation.SYNC).named(".*log").nth(2));
        clock.waitsMax = 40;
        runUntilClosedByClock(SyncPolicy.INTERVAL);

        assertThat(availability.state()).isEqualTo(StoreState.READ_ONLY);
        assertThat(clock.waits.subList(20, 40)).allMatch(nanos -> nanos >= 100_000_000);
    }

    @Test
    void diskFullWithInterval_earlierWritesAreSyncedAtTheInterval() {
        availability.diskFull("as if");
        remove(1);
        index.put(1, RecordLocation.of(9, 128, 40));
        disk.capacityBytes(12_000);
        clock.waitsMax = 30;
        runUntilClosedByClock(SyncPolicy.INTERVAL);

        assertThat(availability.state()).isEqualTo(StoreState.DISK_FULL);
        assertThat(counters.syncs.sum()).isPositive();
        assertThat(clock.waits).allMatch(nanos -> nanos >= 1_000_000);
    }

    @Test
    void idleLog_isEndedByADurableMark() {
        set(1, 10);
        clock.waitsMax = 3;
        runUntilClosedByClock(SyncPolicy.ALWAYS);

        assertThat(clock.waits.get(0)).isEqualTo(100_000_000);
        assertThat(clock.waits.get(1)).isEqualTo(1_000_000_000);
    }

    private CompletableFuture<SetResult> set(long key, int bytes) {
        PendingWrite.Set set = new PendingWrite.Set(key, MemoryStore.value(key, bytes));
        queue.offer(set);
        return set;
    }

    private CompletableFuture<RemoveResult> remove(long key) {
        PendingWrite.Remove remove = new PendingWrite.Remove(key);
        queue.offer(remove);
        return remove;
    }

    private void run(SyncPolicy policy) {
        run(policy, StoreListener.NONE);
    }

    private void run(SyncPolicy policy, StoreListener listener) {
        queue.close();
        committer(policy, listener).run();
    }

    private void runUntilClosedByClock(SyncPolicy policy) {
        committer(policy, StoreListener.NONE).run();
    }

    private Committer committer(SyncPolicy policy, StoreListener listener) {
        return committer(policy, listener, availability);
    }

    private Committer committer(SyncPolicy policy, StoreListener listener, Availability learns) {
        StoreOptions options = MemoryStore.SMALL.toBuilder().syncPolicy(policy).build();
        return new Committer(
                new Committer.Surroundings(
                        options,
                        clock,
                        segments,
                        index,
                        new IndexLimit("dir", index, 0),
                        new ValueCache(0),
                        new DiskSpace(new DiskReserve(directory, reserveBytes), learns, new Quota("dir", 0, () -> 0)),
                        learns,
                        counters,
                        listener),
                queue,
                new ActiveLog(segments, new SplittableRandom(5), options.segmentBytesMax(), () -> 0, segment -> {}),
                1);
    }
}
