package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A collection on a full disk takes no space that removes need. */
class RoomForRemovesTest {

    /** What sealing a segment and replacing the manifest take beside the copy, and less than removes are left. */
    private static final int UPKEEP_BYTES = 700;

    private static final int REMOVES = 8;

    private final MemoryStore store = new MemoryStore();
    private long keptBytes;

    @BeforeEach
    void fill() {
        store.open();
        for (long key = 0; key < 10; key++) {
            store.set(key, 5000);
        }
        store.set(0, 10);
        keptBytes = store.store()
                .collectGarbage(new GarbageCollectionRequest(true, true))
                .bytesCopied();
    }

    @AfterEach
    void close() {
        store.files.heal();
        store.close();
    }

    @Test
    void copyWouldTakeTheLastBytes_isNotBegunUntilThereIsRoom() {
        leaveOnDisk(keptBytes + UPKEEP_BYTES);
        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(DiskFullException.class);
        for (long key = 1; key < REMOVES; key++) {
            assertThat(store.remove(key).removed()).isTrue();
        }

        assertThat(store.store()
                        .collectGarbage(GarbageCollectionRequest.EVERYTHING)
                        .bytesReclaimed())
                .as("room that removes made")
                .isPositive();
    }

    @Test
    void removesBesideACopy_findRoom() throws Exception {
        leaveOnDisk(keptBytes + UPKEEP_BYTES + MemoryStore.SMALL.segmentBytesMax() / 64);
        store.files.inject(Fault.on(FileOperation.SYNC).named(".*[.]log[.]tmp").as(Fault.Kind.HOLD));
        CompletableFuture<GarbageCollectionReport> collection =
                CompletableFuture.supplyAsync(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING));
        await().until(() -> store.files.held() == 1 || collection.isDone());
        for (long key = 1; key < REMOVES; key++) {
            assertThat(store.remove(key).removed()).isTrue();
        }
        store.files.heal();

        assertThat(collection.get(60, TimeUnit.SECONDS).bytesReclaimed()).isPositive();
    }

    /** From now on so many bytes more fit on the disk. */
    private void leaveOnDisk(long bytes) {
        store.disk.capacityBytes(Long.MAX_VALUE - store.disk.usableBytes(store.disk.root()) + bytes);
    }
}
