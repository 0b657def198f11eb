package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.TestEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** After a failed sync nothing is appended or synced any more, whatever waits behind it. */
class StoreFailedSyncTest {

    private static final int SEGMENT_BYTES = 64 * 1024;
    private static final byte[] LARGE = new byte[SEGMENT_BYTES / 4];

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final CommitterHold committer = new CommitterHold();
    private final Store store = Store.open(
            disk.root(),
            StoreOptions.DEFAULTS.toBuilder()
                    .segmentBytesMax(SEGMENT_BYTES)
                    .valueBytesMax(SEGMENT_BYTES / 4)
                    .reserveBytes(0)
                    .build(),
            TestEnvironment.of(files, 1),
            committer);

    @AfterEach
    void close() {
        committer.release();
        store.close();
    }

    @Test
    void syncFailsInTheMiddleOfManyWrites_allBehindItFailAndNothingIsSyncedAgain() {
        holdCommitter();
        List<CompletionStage<SetResult>> writes = new ArrayList<>();
        for (int key = 1; key < 10; key++) {
            writes.add(store.set(key, LARGE));
        }
        failNextSyncOfTheLog();
        committer.release();

        for (CompletionStage<SetResult> write : writes) {
            assertThatThrownBy(() -> Stages.await(write)).isInstanceOf(StoreReadOnlyException.class);
        }
        assertThat(files.count(FileOperation.SYNC)).isEqualTo(1);
        assertThat(store.get(0)).isPresent();
        assertThat(store.statistics().keys()).isEqualTo(1);
    }

    @Test
    void syncFailsBeforeACollectionAsksForOne_collectionFailsAndNothingIsSyncedAgain() {
        holdCommitter();
        CompletionStage<SetResult> write = store.set(0, LARGE);
        CompletableFuture<GarbageCollectionReport> collection =
                CompletableFuture.supplyAsync(() -> store.collectGarbage(GarbageCollectionRequest.EVERYTHING));
        await().until(() -> store.statistics().garbageCollection().running());
        failNextSyncOfTheLog();
        committer.release();

        assertThatThrownBy(() -> Stages.await(write)).isInstanceOf(StoreReadOnlyException.class);
        collection.handle((report, failure) -> failure).join();
        assertThat(files.count(FileOperation.SYNC)).isEqualTo(1);
        assertThatThrownBy(() -> store.collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreException.class);
    }

    /** Lets a first write through, and holds the committer with a second. */
    private void holdCommitter() {
        Stages.await(store.set(0, LARGE));
        Stages.await(store.remove(0));
        committer.hold(() -> store.set(0, LARGE));
    }

    private void failNextSyncOfTheLog() {
        files.resetCounts();
        files.inject(Fault.on(FileOperation.SYNC).named(".*\\.log"));
    }
}
