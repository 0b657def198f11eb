package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DirectoryLockedException;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreTest {

    private final MemoryStore store = new MemoryStore();

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void setGetRemove_doWhatTheySay() {
        store.open();
        assertThat(store.set(1, "one")).isEqualTo(new SetResult(1, false));
        assertThat(store.set(1, "uno")).isEqualTo(new SetResult(2, true));
        assertThat(store.set(Long.MIN_VALUE, "")).isEqualTo(new SetResult(3, false));
        assertThat(store.get(1)).isEqualTo("uno");
        assertThat(store.get(Long.MIN_VALUE)).isEmpty();
        assertThat(store.remove(1)).isEqualTo(new RemoveResult(4, true));
        assertThat(store.remove(1)).isEqualTo(new RemoveResult(4, false));
        assertThat(store.get(1)).isNull();
        assertThat(store.store().get(2)).isEmpty();
    }

    @Test
    void valuesOfEachSizeUpToTheLimit_areReadAsSetBeforeAndAfterAReopen() {
        store.open();
        int[] sizes = {0, 1, 2, 31, 32, 33, 1023, 1024, 1025, 16 * 1024 - 1, 16 * 1024};
        for (int i = 0; i < sizes.length; i++) {
            store.set(i, sizes[i]);
        }
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < sizes.length; i++) {
                assertThat(store.store().get(i).orElseThrow().value()).isEqualTo(MemoryStore.value(i, sizes[i]));
            }
            store.reopen();
        }
        assertThatThrownBy(() -> store.set(1, 16 * 1024 + 1))
                .isInstanceOfSatisfying(
                        InvalidStoreArgumentException.class,
                        e -> assertThat(e.reason()).isEqualTo(InvalidStoreArgumentException.Reason.VALUE_TOO_LARGE));
    }

    @Test
    void get_costsAtMostOneDiskAccess() {
        store.open();
        for (int key = 0; key < 100; key++) {
            store.set(key, 1000 + key);
        }
        for (int key = 0; key < 100; key++) {
            store.store().get(key);
        }
        store.files.resetCounts();
        for (int key = 0; key < 100; key++) {
            assertThat(store.store().get(key)).isPresent();
            assertThat(store.files.count(FileOperation.READ)).isEqualTo(key + 1);
        }
        assertThat(store.store().get(1000)).isEmpty();
        assertThat(store.files.count()).as("reads, and nothing else").isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 1_000, 16_000})
    void valueOnDisk_lookupTellsRoomForIt(int valueBytes) {
        store.open();
        store.set(5, valueBytes);

        assertThat(store.store().lookup(5))
                .isInstanceOfSatisfying(
                        Lookup.OnDisk.class,
                        onDisk -> assertThat(onDisk.valueBytesMax())
                                .isBetween(valueBytes, valueBytes + 2 + valueBytes / 32));
    }

    @Test
    void cachedValue_costsNoDiskAccess() {
        store.with(MemoryStore.SMALL.toBuilder().cacheBytesMax(1 << 20).build()).open();
        store.set(1, "none");
        assertThat(store.get(1)).isEqualTo("none");
        store.set(1, "one");
        store.files.resetCounts();
        assertThat(store.get(1)).isEqualTo("one");
        assertThat(store.store().lookup(1))
                .isInstanceOfSatisfying(
                        Lookup.Cached.class,
                        cached -> assertThat(cached.entry().value()).isEqualTo("one".getBytes(StandardCharsets.UTF_8)));
        assertThat(store.store().lookup(2)).isInstanceOf(Lookup.Absent.class);
        assertThat(store.files.count()).isZero();
        store.reopen();
        store.files.resetCounts();
        assertThat(store.get(1)).isEqualTo("one");
        assertThat(store.get(1)).isEqualTo("one");
        assertThat(store.files.count(FileOperation.READ)).isEqualTo(1);
        StoreStatistics.Reads reads = store.store().statistics().reads();
        assertThat(reads.cacheHits()).isEqualTo(1);
        assertThat(reads.cacheMisses()).isEqualTo(1);
    }

    @Test
    void eachBitFlipOfAStoredRecord_isDamageAndNeverOtherData() {
        store.open();
        store.set(1, 40);
        store.set(2, 40);
        int record = 128 + 65;
        for (int bit = 0; bit < (33 + 40) * 8; bit++) {
            store.disk.flipBit(store.file("0000000001.log"), record + bit / 8, bit % 8);
            assertThatThrownBy(() -> store.store().get(1)).isInstanceOf(DamageException.class);
            store.disk.flipBit(store.file("0000000001.log"), record + bit / 8, bit % 8);
        }
        assertThat(store.store().get(1)).isPresent();
        assertThat(store.store().get(2)).isPresent();
        assertThat(store.store().statistics().reads().damaged()).isEqualTo((33 + 40) * 8);
    }

    @Test
    void readThatFails_isAnErrorAndTheNextOneServes() {
        store.open();
        store.set(1, "one");
        store.files.inject(Fault.on(FileOperation.READ));

        assertThatThrownBy(() -> store.store().get(1)).isInstanceOf(StoreIoException.class);
        assertThat(store.get(1)).isEqualTo("one");
    }

    @Test
    void entries_areInOrderOfTheirKeys() {
        store.open();
        for (long key : new long[] {5, -3, Long.MAX_VALUE, 0, Long.MIN_VALUE}) {
            store.set(key, "v" + key);
        }
        store.remove(0);
        List<Long> keys = new ArrayList<>();
        Iterator<Entry> entries = store.store().entries();
        while (entries.hasNext()) {
            Entry entry = entries.next();
            keys.add(entry.key());
            assertThat(new String(entry.value(), StandardCharsets.UTF_8)).isEqualTo("v" + entry.key());
        }
        assertThat(keys).containsExactly(Long.MIN_VALUE, -3L, 5L, Long.MAX_VALUE);
        assertThatThrownBy(entries::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void keyRemovedBehindTheIteratorsBack_isLeftOut() {
        store.open();
        store.set(1, "one");
        store.set(2, "two");
        store.set(3, "three");
        Iterator<Entry> entries = store.store().entries();
        assertThat(entries.next().key()).isEqualTo(1);
        store.remove(2);
        assertThat(entries.next().key()).isEqualTo(3);
        assertThat(entries.hasNext()).isFalse();
    }

    @Test
    void fullQueue_isOverload() {
        store.with(MemoryStore.SMALL.toBuilder()
                        .writeQueueRequestsMax(1)
                        .writeQueueBytesMax(16 * 1024)
                        .build())
                .open();
        List<CompletionStage<SetResult>> stages = new ArrayList<>();
        for (int i = 0; i < 5000 && store.store().statistics().writes().rejected() == 0; i++) {
            stages.add(store.store().set(i, new byte[16 * 1024]));
        }
        long overloads = stages.stream()
                .filter(stage -> {
                    try {
                        MemoryStore.await(stage);
                        return false;
                    } catch (OverloadedException e) {
                        return true;
                    }
                })
                .count();
        assertThat(overloads)
                .isPositive()
                .isEqualTo(store.store().statistics().writes().rejected());
    }

    @Test
    void closedStore_refusesEverything() {
        Store closed = store.open().store();
        store.set(1, "one");
        closed.close();
        closed.close();

        assertThatThrownBy(() -> closed.get(1)).isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(() -> closed.lookup(1)).isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(closed::entries).isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(() -> MemoryStore.await(closed.set(1, new byte[0])))
                .isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(() -> MemoryStore.await(closed.remove(1))).isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(() -> closed.collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreClosedException.class);
        assertThat(closed.statistics().state()).isEqualTo(StoreState.CLOSED);
        assertThat(store.disk.openHandles()).isEmpty();
    }

    @Test
    void lock_namesProcessHostAndStart() {
        store.open();

        assertThatThrownBy(() -> Store.open(
                        store.disk.root(), MemoryStore.SMALL, TestEnvironment.of(store.files, 9), StoreListener.NONE))
                .isInstanceOf(DirectoryLockedException.class)
                .hasMessageMatching("(?s).* PID " + ProcessHandle.current().pid()
                        + " on (\\S+|an unnamed host) since 2026-01-01T00:00:00Z.*");
        store.set(1, "still mine");
    }

    @Test
    void listener_hearsOpenSyncsAndStates() {
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        store.with(new StoreListener() {
            @Override
            public void recoveryProgressed(RecoveryProgress progress) {
                assertThat(progress.doneBytes()).isLessThanOrEqualTo(progress.totalBytes());
                heard.add("opening");
            }

            @Override
            public void synced(long nanos, int writes, long bytes) {
                heard.add("synced " + writes + " writes of " + bytes + " bytes");
            }

            @Override
            public void stateChanged(StoreState state, String detail) {
                heard.add(state.toString());
            }
        });
        store.open();
        store.set(1, 10);
        store.files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
        assertThatThrownBy(() -> store.set(1, 10)).isInstanceOf(StoreReadOnlyException.class);
        store.close();

        assertThat(heard).containsExactly("opening", "synced 1 writes of 43 bytes", "READ_ONLY", "CLOSED");
    }

    @Test
    void failedSync_keepsReadsServedAndAReopenWritable() {
        store.open();
        store.set(1, "one");
        store.files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
        assertThatThrownBy(() -> store.set(2, "two"))
                .isInstanceOfSatisfying(
                        StoreReadOnlyException.class,
                        e -> assertThat(e.reason()).isEqualTo(StoreReadOnlyException.Reason.IO_FAILED));
        assertThatThrownBy(() -> store.remove(1)).isInstanceOf(StoreReadOnlyException.class);

        assertThat(store.get(1)).isEqualTo("one");
        assertThat(store.get(2)).isNull();
        StoreStatistics statistics = store.store().statistics();
        assertThat(statistics.state()).isEqualTo(StoreState.READ_ONLY);
        assertThat(statistics.writes().lastSyncError()).contains("Input/output error");
        assertThat(statistics.writes().failed()).isEqualTo(2);
        store.reopen();
        assertThat(store.get(1)).isEqualTo("one");
        assertThat(store.set(3, "three").version()).isPositive();
    }

    @Test
    void statistics_countWhatHappened() {
        store.open();
        store.set(1, 100);
        store.set(1, 200);
        store.set(2, 300);
        store.remove(2);
        store.remove(3);
        StoreStatistics statistics = store.store().statistics();

        assertThat(statistics.keys()).isEqualTo(1);
        assertThat(statistics.lastVersion()).isEqualTo(4);
        assertThat(statistics.writes().sets()).isEqualTo(3);
        assertThat(statistics.writes().removes()).isEqualTo(2);
        assertThat(statistics.writes().userBytes()).isEqualTo(5 * 8 + 600);
        assertThat(statistics.writes().syncs()).isEqualTo(4);
        assertThat(statistics.writes().fileBytes())
                .isGreaterThan(statistics.log().bytes());
        assertThat(statistics.writes().lastSyncError()).isNull();
        assertThat(statistics.log().segments()).isEqualTo(1);
        assertThat(statistics.log().bytes()).isEqualTo(128 + 4 * 65 + 3 * 33 + 600 + 25);
        assertThat(statistics.log().liveBytes()).isBetween(233L, 241L);
        assertThat(statistics.log().deadBytes() + statistics.log().liveBytes())
                .isEqualTo(statistics.log().bytes());
        assertThat(statistics.log().tombstoneBytes()).isEqualTo(25);
        assertThat(statistics.diskFreeBytes()).isPositive();
        assertThat(statistics.openFiles()).isEqualTo(1);
        assertThat(statistics.indexBytes()).isPositive();
        assertThat(statistics.recovery().clean()).isTrue();
        assertThat(statistics.garbageCollection().running()).isFalse();
    }

    @Test
    void intervalAndOs_acknowledgeBeforeTheSyncAndLoseNothingAtAClose() {
        for (SyncPolicy policy : List.of(SyncPolicy.INTERVAL, SyncPolicy.OS)) {
            MemoryStore relaxed = new MemoryStore()
                    .with(MemoryStore.SMALL.toBuilder().syncPolicy(policy).build())
                    .open();
            relaxed.set(1, "one");
            assertThat(relaxed.store().statistics().writes().syncs()).isZero();
            assertThat(relaxed.get(1)).isEqualTo("one");
            relaxed.close();
            MemoryStore crashed = new MemoryStore(relaxed.disk.crashAt(relaxed.disk.position(), 0), MemoryStore.SMALL);
            assertThat(crashed.open().get(1)).isEqualTo("one");
            crashed.close();
        }
    }
}
