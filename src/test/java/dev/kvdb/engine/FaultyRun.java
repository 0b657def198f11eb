package dev.kvdb.engine;

import static dev.kvdb.testkit.FileOperation.CREATE;
import static dev.kvdb.testkit.FileOperation.OPEN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.ClientNote.Begun;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.testkit.CrashVariant;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A small run of a store, with garbage collection, in which one file operation fails. Whatever that does, a write is
 * acknowledged and kept, or not acknowledged; reads go on; what was acknowledged is there after a new open, and after a
 * crash too.
 */
final class FaultyRun {

    private static final int KIB = 1024;
    private static final int KEYS = 12;
    private static final int BATCHES = 12;
    private static final int SMALL_GROUPS = 7;
    private static final long WAIT_SECONDS = 60;
    private static final int PARKS_MAX = 10_000;

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final ManualClock clock = new ManualClock();
    private final Thread driver = Thread.currentThread();
    private final SplittableRandom random;
    private final StoreOptions options;
    private final List<Write> writes = new ArrayList<>();
    private final List<String> wronglyAcknowledged = new ArrayList<>();
    private Store store;

    /** A write, and how it ended; written by the committer thread before its stage completes. */
    private static final class Write {
        final int id;
        final long key;
        final int valueBytes;
        volatile long version;
        volatile boolean changed;

        Write(int id, long key, int valueBytes) {
            this.id = id;
            this.key = key;
            this.valueBytes = valueBytes;
        }

        boolean isAcknowledged() {
            return version > 0;
        }

        boolean isRemove() {
            return valueBytes == Begun.REMOVE;
        }

        @Override
        public String toString() {
            return "write " + id + " of " + valueBytes + " bytes to key " + key + ", version " + version;
        }
    }

    private FaultyRun(SyncPolicy policy, long seed) {
        this.random = new SplittableRandom(seed);
        this.options = StoreOptions.DEFAULTS.toBuilder()
                .syncPolicy(policy)
                .segmentBytesMax(64 * KIB)
                .valueBytesMax(16 * KIB)
                .cacheBytesMax(0)
                .reserveBytes(8 * KIB)
                .snapshotLogBytes(64 * KIB)
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 0))
                .build();
    }

    /** How many operations a run without faults has; a little more or less each time. */
    static long operations(long seed) {
        FaultyRun run = new FaultyRun(SyncPolicy.ALWAYS, seed);
        run.work();
        run.store.close();
        assertThat(run.disk.trace()).as("zeros are cut off").contains("truncate db/0");
        return run.files.count();
    }

    /** Runs with a fault, and checks all that must hold. Returns the store's state after the fault. */
    static StoreState check(SyncPolicy policy, Fault fault, long seed) {
        FaultyRun run = new FaultyRun(policy, seed);
        run.files.inject(fault);
        try {
            run.work();
            return run.checkAfterwards();
        } catch (Exception | AssertionError e) {
            throw new AssertionError(fault + " under " + policy + ": " + e + "\n" + run.disk.trace(), e);
        }
    }

    /** Runs with no descriptor left for the k-th file that is made or opened, which no store stays read-only after. */
    static void checkNoDescriptorLeavesItWritable(long k, long seed) {
        Fault fault = Fault.on(CREATE, OPEN).nth(k).as(Fault.Kind.NO_DESCRIPTOR);
        assertThat(check(SyncPolicy.ALWAYS, fault, seed)).as("%s", fault).isEqualTo(StoreState.WRITABLE);
    }

    private void work() {
        try {
            store = open(disk, files);
        } catch (StoreException e) {
            assertThat(disk.openHandles()).as("files open after a failed open").isEmpty();
            files.heal();
            store = open(disk, files);
        }
        sealOverZeros();
        for (int batch = 0; batch < BATCHES; batch++) {
            writeBatch(batch);
            if (batch % 5 == 1) {
                writeOneByOne();
            }
            if (batch % 4 == 3) {
                collect();
            }
        }
    }

    private Store open(CrashingFileSystem under, FailingFileSystem over) {
        return Store.open(
                under.path("db"), options, TestEnvironment.of(over, clock, random.nextLong()), StoreListener.NONE);
    }

    /** Hands the store several writes while its committer is held back, so that they share a group. */
    private void writeBatch(int batch) {
        CountDownLatch allQueued = new CountDownLatch(1);
        List<CompletableFuture<?>> pending = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            boolean remove = random.nextInt(4) == 0;
            int bytes = random.nextInt(100, 9 * KIB);
            Write write = new Write(writes.size() + 1, (batch * 5 + i) % KEYS, remove && i > 0 ? Begun.REMOVE : bytes);
            writes.add(write);
            boolean holdsBack = i == 0;
            pending.add(submit(write).whenComplete((done, failure) -> {
                if (holdsBack && Thread.currentThread() != driver) {
                    await(allQueued);
                }
            }));
        }
        allQueued.countDown();
        pending.forEach(FaultyRun::await);
    }

    /** Fills the log with zeros ahead and has them cut off, whatever the seed. */
    private void sealOverZeros() {
        Write first = new Write(writes.size() + 1, 0, 8 * KIB);
        writes.add(first);
        await(submit(first));
        writeOneByOne();
        // The first value is garbage by now, and most of the segment.
        collect();
    }

    /** Small groups, over zeros ahead of the log, which a later batch writes over or a seal cuts off. */
    private void writeOneByOne() {
        for (int i = 0; i < SMALL_GROUPS; i++) {
            Write write = new Write(writes.size() + 1, i % KEYS, random.nextInt(100, 300));
            writes.add(write);
            await(submit(write));
        }
    }

    private CompletableFuture<?> submit(Write write) {
        return write.isRemove()
                ? store.remove(write.key)
                        .thenAccept(result -> acknowledged(write, result.version(), result.removed()))
                        .toCompletableFuture()
                : store.set(write.key, WriteHistory.valueOf(write.id, write.valueBytes))
                        .thenAccept(result -> acknowledged(write, result.version(), true))
                        .toCompletableFuture();
    }

    private void acknowledged(Write write, long version, boolean changed) {
        write.changed = changed;
        write.version = version;
        // In the driver's thread, the write was acknowledged before this was asked for, and the store may have failed
        // since.
        if (Thread.currentThread() != driver && store.statistics().state() == StoreState.READ_ONLY) {
            wronglyAcknowledged.add(write.toString());
        }
    }

    private void collect() {
        try {
            store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
        } catch (StoreException e) {
            assertThat(e).isNotInstanceOf(DamageException.class);
        }
    }

    private StoreState checkAfterwards() {
        files.heal();
        assertThat(wronglyAcknowledged).as("acknowledged by a read-only store").isEmpty();
        checkServes();
        StoreState state = store.statistics().state();
        if (state == StoreState.READ_ONLY) {
            assertThat(store.statistics().stateDetail()).isNotEmpty();
            Write refused = new Write(writes.size() + 1, 0, 10);
            CompletableFuture<?> refusal = submit(refused);
            assertThat(refusal).isCompletedExceptionally();
            assertThat(refusal.handle((done, failure) -> failure.getCause()).join())
                    .isInstanceOf(StoreReadOnlyException.class);
        } else {
            awaitWritable();
            writeBatch(BATCHES);
            if (!writes.get(writes.size() - 1).isAcknowledged()) {
                // The fault struck the sync of a snapshot, and writing ended between the question and the write.
                state = store.statistics().state();
                assertThat(state).isEqualTo(StoreState.READ_ONLY);
                assertThat(store.statistics().writes().lastSyncError()).isNotNull();
            }
        }
        int beforeClose = disk.position();
        store.close();
        assertThat(disk.openHandles()).as("files open after close").isEmpty();
        assertThat(disk.bytesHeldByDeletedFiles()).isZero();
        boolean durable = options.syncPolicy() == SyncPolicy.ALWAYS;
        if (durable) {
            for (CrashVariant variant : List.of(CrashVariant.NOTHING_UNSYNCED, CrashVariant.TORN)) {
                checkReopened(disk.crashAt(beforeClose, variant, 1));
                checkReopened(disk.crashAt(disk.position(), variant, 1));
            }
        }
        checkReopened(disk.copy());
        checkServedStays();
        return state;
    }

    /** What a recovery found in the page cache and served is still there after a crash. */
    private void checkServedStays() {
        Map<Long, Entry> served;
        try (Store reopened = open(disk, files)) {
            served = CrashCheck.entries(reopened);
            CrashingFileSystem image = disk.crashAt(disk.position(), CrashVariant.NOTHING_UNSYNCED, 1);
            try (Store again = open(image, new FailingFileSystem(image))) {
                assertThat(CrashCheck.entries(again).values().stream().map(Entry::version))
                        .as("versions that were served before a crash")
                        .containsExactlyInAnyOrderElementsOf(
                                served.values().stream().map(Entry::version).toList());
            }
        }
    }

    /** A full disk passes by itself. */
    private void awaitWritable() {
        for (int i = 0; i < PARKS_MAX && store.statistics().state() != StoreState.WRITABLE; i++) {
            clock.advance(Duration.ofSeconds(2));
            clock.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        assertThat(store.statistics().state()).isEqualTo(StoreState.WRITABLE);
    }

    /** The running store answers exactly what it acknowledged. */
    private void checkServes() {
        Map<Long, Write> newest = newestAcknowledged();
        for (long key = 0; key < KEYS; key++) {
            Write write = newest.get(key);
            Entry entry = store.get(key).orElse(null);
            if (write == null || write.isRemove()) {
                assertThat(entry).as("%s", write).isNull();
            } else {
                assertThat(entry).as("%s", write).isNotNull();
                assertThat(entry.version()).as("%s", write).isEqualTo(write.version);
                assertThat(entry.value()).isEqualTo(WriteHistory.valueOf(write.id, write.valueBytes));
            }
        }
    }

    /** What was acknowledged is there, or a write that was not, of a later version. */
    private void checkReopened(CrashingFileSystem image) {
        Map<Long, Write> newest = newestAcknowledged();
        try (Store reopened = open(image, new FailingFileSystem(image))) {
            Map<Long, Entry> entries = CrashCheck.entries(reopened);
            for (long key = 0; key < KEYS; key++) {
                Write write = newest.get(key);
                Entry entry = entries.get(key);
                boolean asAcknowledged = entry == null
                        ? write == null || write.isRemove()
                        : write != null && entry.version() == write.version && isValueOf(write, entry);
                if (!asAcknowledged) {
                    assertThat(isFailedWrite(key, entry, write))
                            .as("%s was acknowledged, but %s is there", write, entry)
                            .isTrue();
                }
            }
        }
        assertThat(image.openHandles()).isEmpty();
    }

    private boolean isFailedWrite(long key, Entry entry, Write acknowledged) {
        return writes.stream()
                .filter(write -> write.key == key && !write.isAcknowledged())
                .filter(write -> acknowledged == null || write.id > acknowledged.id)
                .anyMatch(write -> entry == null
                        ? write.isRemove()
                        : isValueOf(write, entry) && (acknowledged == null || entry.version() > acknowledged.version));
    }

    private static boolean isValueOf(Write write, Entry entry) {
        return !write.isRemove()
                && java.util.Arrays.equals(entry.value(), WriteHistory.valueOf(write.id, write.valueBytes));
    }

    private Map<Long, Write> newestAcknowledged() {
        Map<Long, Write> newest = new TreeMap<>();
        for (Write write : writes) {
            if (write.isAcknowledged() && write.changed) {
                newest.merge(write.key, write, (a, b) -> a.version > b.version ? a : b);
            }
        }
        return newest;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(CompletableFuture<?> future) {
        try {
            future.get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(StoreException.class);
        } catch (TimeoutException | InterruptedException e) {
            throw new AssertionError("a write was not answered", e);
        }
    }
}
