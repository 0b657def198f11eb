package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreListener;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.SyncPolicy;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.ManualClock;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Opens during which something fails: a file operation, the disk's space, a thread. */
class OpenFaultTest {

    private static final int LOG_END_BYTES = 40_000;

    /** For hints, the snapshot and the manifest. */
    private static final int ROOM_FOR_SMALL_FILES = 2_000;

    @Test
    void anyFileOperationThatFails_failsTheOpenAndTheNextOneSucceeds() throws IOException {
        MemoryStore running = OpenTest.severalSegments();
        Map<Long, String> entries = running.entries();
        for (int nth = 1; ; nth++) {
            MemoryStore store = running.image();
            store.files.inject(Fault.onAnything().nth(nth));
            try {
                store.open();
                store.close();
                if (store.files.count() < nth) {
                    break;
                }
            } catch (StoreException e) {
                assertThat(e).as("operation %d", nth).isInstanceOfAny(StoreIoException.class, DamageException.class);
                assertThat(store.disk.openHandles()).as("operation %d", nth).isEmpty();
            }
            store.files.heal();
            store.open();
            assertThat(store.entries()).as("operation %d", nth).isEqualTo(entries);
            store.close();
        }
        running.close();
    }

    @Test
    void snapshotOrHintCannotBeRead_isMadeAnewFromTheLog() throws IOException {
        MemoryStore closed = OpenTest.severalSegments();
        Map<Long, String> entries = closed.entries();
        closed.close();
        for (String cache : List.of("SNAPSHOT", ".*[.]hint")) {
            for (FileOperation operation : List.of(FileOperation.OPEN, FileOperation.READ)) {
                for (int nth = 1; nth < 4; nth++) {
                    MemoryStore store = new MemoryStore(closed.disk.copy(), MemoryStore.SMALL);
                    if (!cache.equals("SNAPSHOT")) {
                        store.disk.delete(store.file("SNAPSHOT"));
                    }
                    store.files.inject(Fault.on(operation).named(cache).nth(nth));
                    store.open();
                    assertThat(store.entries()).isEqualTo(entries);
                    store.close();
                }
            }
        }
    }

    @Test
    void reserveCannotBeTaken_nothingStaysOpen() {
        MemoryStore store = new MemoryStore(
                new CrashingFileSystem(),
                MemoryStore.SMALL.toBuilder().reserveBytes(100_000).build());
        store.open().set(1, "one");
        store.close();
        store.with(MemoryStore.SMALL.toBuilder().reserveBytes(200_000).build());
        store.files.inject(Fault.on(FileOperation.CREATE).named("RESERVE"));
        assertThatThrownBy(store::open).isInstanceOf(StoreIoException.class);
        assertThat(store.disk.openHandles()).isEmpty();
        store.files.heal();
        assertThat(store.open().get(1)).isEqualTo("one");
        store.close();
    }

    @Test
    void noThreadForTheStore_nothingStaysOpen() {
        CrashingFileSystem disk = new CrashingFileSystem();
        for (int threads = 0; threads < 2; threads++) {
            AtomicInteger left = new AtomicInteger(threads);
            Environment environment = new Environment(disk, new ManualClock(), new SplittableRandom(1), task -> {
                Thread thread = new Thread(task) {
                    @Override
                    public void start() {
                        if (left.getAndDecrement() == 0) {
                            throw new OutOfMemoryError("unable to create native thread, as if");
                        }
                        super.start();
                    }
                };
                thread.setDaemon(true);
                return thread;
            });
            assertThatThrownBy(() -> Store.open(disk.root(), MemoryStore.SMALL, environment, StoreListener.NONE))
                    .isInstanceOf(OutOfMemoryError.class);
            assertThat(disk.openHandles()).isEmpty();
        }
        new MemoryStore(disk, MemoryStore.SMALL).open().close();
    }

    @Test
    void fullDisk_isOpenedFromTheReserve() {
        var options = MemoryStore.SMALL.toBuilder().reserveBytes(500_000).build();
        MemoryStore store = new MemoryStore(new CrashingFileSystem(), options).open();
        store.set(1, "one");
        try (MemoryStore image = store.image()) {
            image.files.inject(
                    Fault.on(FileOperation.WRITE).named(".*[.]log[.]tmp").as(Fault.Kind.NO_SPACE));
            image.open();
            assertThat(image.get(1)).isEqualTo("one");
        }
        try (MemoryStore image = store.image()) {
            image.files.inject(Fault.on(FileOperation.WRITE)
                    .named(".*[.]log[.]tmp")
                    .as(Fault.Kind.NO_SPACE)
                    .forEver());
            assertThatThrownBy(image::open).isInstanceOf(DiskFullException.class);
        }
        try (MemoryStore image = store.image()) {
            image.files.inject(Fault.on(FileOperation.WRITE)
                    .named("RESERVE")
                    .as(Fault.Kind.NO_SPACE)
                    .forEver());
            image.with(options.toBuilder().reserveBytes(600_000).build()).open();
            assertThat(image.store().statistics().state()).isEqualTo(StoreState.DISK_FULL);
        }
        store.close();
    }

    @Test
    void fullDiskAtTheCopyOfTheLogsEnd_opensOnceThereIsRoomForOneCopy() {
        MemoryStore store = unsyncedLogEnd();
        Map<Long, String> entries = entriesOf(store);
        long capacityBytes = leaveOnDisk(store, LOG_END_BYTES / 2);
        for (int times = 0; times < 3; times++) {
            assertThatThrownBy(store::open).isInstanceOf(DiskFullException.class);
        }
        store.disk.capacityBytes(capacityBytes + LOG_END_BYTES / 2 + ROOM_FOR_SMALL_FILES);
        store.open();
        assertThat(store.entries()).isEqualTo(entries);
        store.close();
    }

    @Test
    void fullDisk_opensAtTheCostOfWhatInterruptedWorkLeft() {
        MemoryStore store = unsyncedLogEnd();
        Map<Long, String> entries = entriesOf(store);
        store.disk.put(store.file("0000000077.log.tmp"), new byte[LOG_END_BYTES + ROOM_FOR_SMALL_FILES]);
        leaveOnDisk(store, 0);
        store.open();
        assertThat(store.entries()).isEqualTo(entries);
        store.close();
    }

    @Test
    void killedBeforeACopyOfTheLogsEndIsListed_nextOpenNeedsNoRoomForAnother() {
        MemoryStore store = unsyncedLogEnd();
        Map<Long, String> entries = entriesOf(store);
        store.files.inject(
                Fault.on(FileOperation.CREATE).named("MANIFEST[.]tmp").nth(2));
        assertThatThrownBy(store::open).isInstanceOf(StoreIoException.class);
        store.files.heal();
        assertThat(store.contents()).as("the copy").containsKey("0000000002.log");
        leaveOnDisk(store, ROOM_FOR_SMALL_FILES);
        store.open();
        assertThat(store.entries()).isEqualTo(entries);
        store.close();
    }

    /** A store that was killed and has a log end of {@link #LOG_END_BYTES}, and some more, that is not synced. */
    private static MemoryStore unsyncedLogEnd() {
        var options = MemoryStore.SMALL.toBuilder().syncPolicy(SyncPolicy.OS).build();
        try (MemoryStore running = new MemoryStore(new CrashingFileSystem(), options).open()) {
            for (int key = 0; key < 4; key++) {
                running.set(key, LOG_END_BYTES / 4);
            }
            return running.image();
        }
    }

    private static Map<Long, String> entriesOf(MemoryStore killed) {
        try (MemoryStore open = killed.image().open()) {
            return open.entries();
        }
    }

    /** Gives the disk a capacity at which so many bytes more fit. Returns it. */
    private static long leaveOnDisk(MemoryStore store, long bytes) {
        store.disk.capacityBytes(Long.MAX_VALUE);
        long capacityBytes = Long.MAX_VALUE - store.disk.usableBytes(store.disk.root()) + bytes;
        store.disk.capacityBytes(capacityBytes);
        return capacityBytes;
    }
}
