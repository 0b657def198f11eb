package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What collections and snapshots leave behind where they fail, and what they must not do to writes. */
class UpkeepFailureTest {

    private static final int SNAPSHOT_LOG_BYTES = 64 * 1024;
    private static final int SNAPSHOT_ENTRY_BYTES = 16;
    private static final int KEYS = 2000;

    private final MemoryStore store = new MemoryStore();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @AfterEach
    void close() {
        store.files.heal();
        store.close();
    }

    @Test
    void noMemoryInAnyFileOperationOfACollection_whatIsOnDiskIsWholeAndWritingEnds() {
        fill(store);
        store.files.resetCounts();
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        long operations = store.files.count();
        int failed = 0;
        for (long nth = 1; nth <= operations; nth++) {
            try (MemoryStore one = new MemoryStore()) {
                failed += collectWithoutMemory(one, nth) ? 1 : 0;
            }
        }
        assertThat(failed).isGreaterThan(10);
    }

    private static boolean collectWithoutMemory(MemoryStore one, long nth) {
        fill(one);
        Map<Long, String> before = one.entries();
        one.files.inject(Fault.onAnything().nth(nth).as(Fault.Kind.NO_MEMORY));
        boolean failed = false;
        try {
            one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        } catch (OutOfMemoryError | StoreException e) {
            failed = true;
        }
        one.files.heal();
        if (failed) {
            assertThat(one.store().statistics().state()).as("operation %d", nth).isEqualTo(StoreState.READ_ONLY);
        }
        assertThat(one.entries()).as("after operation %d", nth).isEqualTo(before);
        try (MemoryStore image = one.image().open()) {
            assertThat(image.entries()).as("reopened after operation %d", nth).isEqualTo(before);
        }
        return failed;
    }

    @Test
    void noSpaceForASnapshotOrAHint_nothingOfItIsLeft() throws IOException {
        for (String name : List.of("SNAPSHOT.tmp", "0000000001.hint.tmp")) {
            try (MemoryStore one = snapshotting()) {
                one.files.inject(Fault.on(FileOperation.WRITE)
                        .named(name.replace(".", "[.]"))
                        .as(Fault.Kind.SHORT_WRITE_NO_SPACE)
                        .forEver());
                one.files.inject(Fault.on(FileOperation.DELETE)
                        .named(name.replace(".", "[.]"))
                        .as(Fault.Kind.HOLD));
                writeUntil(one, () -> one.files.held() == 1);
                assertThat(one.disk.exists(one.file(name)))
                        .as("%s, before it is deleted", name)
                        .isTrue();
                one.files.heal();
                await().until(() -> !one.disk.exists(one.file(name)));
                assertThat(one.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
            }
        }
    }

    @Test
    void roomForLittleMoreThanASnapshot_noneIsWritten() {
        try (MemoryStore one = snapshotting()) {
            for (int key = 0; key < KEYS; key++) {
                one.store().set(key, new byte[20]);
            }
            one.set(0, 10);
            await().until(() -> one.disk.exists(one.file("SNAPSHOT")));
            byte[] before = one.disk.contents(one.file("SNAPSHOT"));
            int written = 14 * 5000;
            one.disk.capacityBytes(Long.MAX_VALUE
                    - one.disk.usableBytes(one.disk.root())
                    + written
                    + KEYS * SNAPSHOT_ENTRY_BYTES * 3 / 2);
            for (int i = 0; i < 14; i++) {
                one.set(1, 5000);
            }
            one.close();
            assertThat(one.disk.contents(one.file("SNAPSHOT"))).isEqualTo(before);
        }
    }

    @Test
    void directoryCannotBeSyncedForASnapshotBesideAClose_storeKnowsAndSyncsNoMore() throws Exception {
        List<StoreState> states = new ArrayList<>();
        store.with(snapshotOptions()).with(new StoreListener() {
            @Override
            public void stateChanged(StoreState state, String detail) {
                states.add(state);
            }
        });
        store.open();
        store.set(0, 5000);
        store.files.inject(Fault.on(FileOperation.SYNC_DIRECTORY).as(Fault.Kind.HOLD_AND_FAIL));
        writeUntil(store, () -> store.files.held() == 1);
        Store open = store.store();
        CompletableFuture<Void> closing = CompletableFuture.runAsync(open::close);
        await().until(() -> {
            try {
                open.set(1, new byte[1]).toCompletableFuture().join();
                return false;
            } catch (CompletionException e) {
                return e.getCause() instanceof StoreClosedException;
            }
        });
        store.files.resetCounts();
        store.files.heal();
        closing.get(60, TimeUnit.SECONDS);

        assertThat(states).containsExactly(StoreState.READ_ONLY, StoreState.CLOSED);
        assertThat(open.statistics().writes().lastSyncError()).contains("Input/output error");
        assertThat(store.files.count(FileOperation.SYNC_DIRECTORY)).isZero();
    }

    @Test
    void callerOfACollectionIsInterruptedDuringASync_collectionEndsWell() throws Exception {
        fill(store);
        store.files.inject(Fault.on(FileOperation.SYNC).named(".*log[.]tmp").as(Fault.Kind.HOLD));
        CompletableFuture<GarbageCollectionReport> report = new CompletableFuture<>();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                report.complete(store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING));
            } catch (Throwable e) {
                report.completeExceptionally(e);
            }
            interrupted.complete(Thread.interrupted());
        });
        caller.start();
        await().until(() -> store.files.held() == 1);
        caller.interrupt();
        assertThatThrownBy(() -> report.get(100, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        store.files.heal();

        assertThat(report.get(60, TimeUnit.SECONDS).bytesReclaimed()).isPositive();
        assertThat(interrupted.get(60, TimeUnit.SECONDS))
                .as("the caller is still interrupted")
                .isTrue();
        assertThat(store.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
    }

    @Test
    void directoryCannotBeSyncedForACollection_nothingIsAcknowledgedAfterwards() {
        fill(store);
        store.files.inject(Fault.on(FileOperation.SYNC_DIRECTORY).nth(2));
        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreReadOnlyException.class);
        assertThat(store.store().statistics().writes().lastSyncError()).contains("Input/output error");
        assertThatThrownBy(() -> store.remove(1)).isInstanceOf(StoreReadOnlyException.class);
    }

    private static StoreOptions snapshotOptions() {
        return MemoryStore.SMALL.toBuilder()
                .segmentBytesMax(256 * 1024)
                .snapshotLogBytes(SNAPSHOT_LOG_BYTES)
                .build();
    }

    private static MemoryStore snapshotting() {
        return new MemoryStore().with(snapshotOptions()).open();
    }

    private static void writeUntil(MemoryStore one, Callable<Boolean> condition) {
        await().until(() -> {
            one.set(1, 5000);
            return condition.call();
        });
    }

    /** Three segments in which half is dead, and some keys removed. */
    private static void fill(MemoryStore one) {
        one.open();
        for (int round = 0; round < 2; round++) {
            for (long key = 0; key < 16; key++) {
                one.set(round == 0 ? key : key * 2, 5000);
            }
        }
        one.remove(6);
    }
}
