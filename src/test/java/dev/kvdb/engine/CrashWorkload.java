package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.ClientNote.Acknowledged;
import dev.kvdb.engine.ClientNote.Begun;
import dev.kvdb.engine.ClientNote.Durable;
import dev.kvdb.engine.ClientNote.Refused;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.PassingClock;
import dev.kvdb.testkit.TestEnvironment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A seeded run of a store on recording files: sets, removes, rolls, hints, snapshots, garbage collections, idle times,
 * closes and opens, full disks and rolls that fail. Each write is noted in the journal when it begins and when it is
 * acknowledged.
 *
 * <p>With one writer the writes are a function of the seed; how the store's own threads interleave is not.
 */
final class CrashWorkload {

    private static final int KIB = 1024;
    private static final long WAIT_SECONDS = 60;
    private static final int WRITE_EVERY_PARKS = 3;

    /** Of a store from open to close: each write makes work for the collection that it interrupts. */
    private static final int WRITES_WHILE_COPYING_MAX = 20;

    private static final long COPIED_BYTES_PER_SECOND = 1024 * KIB;
    private static final int RESERVE_BYTES = 4 * KIB;

    /** Keys that only a full disk is asked to take. */
    private static final long REFUSED_KEYS = 1_000_000;

    private static final int REFUSED_ROLLS_MAX = 3;
    private static final int WRITES_UNTIL_ROLLS_ARE_REFUSED_MAX = 20;

    private static final Pattern MADE_SEGMENT = Pattern.compile("create \\S*?(\\d+)\\.log");

    /** What keeps a segment from being made and leaves no doubt about what is on disk. */
    private static final List<Fault> ROLL_FAULTS = List.of(
            Fault.on(FileOperation.CREATE).named(".*\\.log").as(Fault.Kind.NO_DESCRIPTOR),
            Fault.on(FileOperation.SYNC_DIRECTORY).as(Fault.Kind.NO_DESCRIPTOR),
            Fault.on(FileOperation.CREATE).named("MANIFEST.tmp").as(Fault.Kind.NO_DESCRIPTOR),
            Fault.on(FileOperation.WRITE).named("MANIFEST.tmp").as(Fault.Kind.SHORT_WRITE));

    private final Plan plan;
    private final CrashingFileSystem files;
    private final FailingFileSystem faults;
    private final SplittableRandom random;
    private final ManualClock clock = new ManualClock();
    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicLong lastAcknowledged = new AtomicLong();
    private final Map<Long, Long> newest = new ConcurrentHashMap<>();
    private volatile boolean diskIsFull;
    private Store store;

    /**
     * What a run does.
     *
     * @param policy the store's policy
     * @param writers threads that write at a time
     * @param steps how many steps it has; most write a few records
     * @param keys how many keys there are; fewer make more garbage
     * @param valueBytesTypical most values are up to that long, some twice as long, some very short
     * @param collectPercent how many steps collect garbage
     * @param collectBeside whether garbage is collected while others write, and its copying waits for writes
     * @param deadShareMin when a segment is worth it
     * @param fullDiskPercent before how many steps the disk is full for a few writes
     * @param refusedRollPercent before how many steps a few rolls fail one by one
     */
    record Plan(
            SyncPolicy policy,
            int writers,
            int steps,
            int keys,
            int valueBytesTypical,
            int collectPercent,
            boolean collectBeside,
            double deadShareMin,
            int fullDiskPercent,
            int refusedRollPercent) {

        StoreOptions options() {
            return StoreOptions.DEFAULTS.toBuilder()
                    .syncPolicy(policy)
                    .syncIntervalMillis(50)
                    .segmentBytesMax(64 * KIB)
                    .valueBytesMax(16 * KIB)
                    .cacheBytesMax(0)
                    .reserveBytes(fullDiskPercent > 0 ? RESERVE_BYTES : 0)
                    .snapshotLogBytes(96 * KIB)
                    .garbageCollection(new StoreOptions.GarbageCollection(
                            0, deadShareMin, collectBeside ? COPIED_BYTES_PER_SECOND : 0, 0))
                    .build();
        }
    }

    private CrashWorkload(Plan plan, CrashingFileSystem files, long seed) {
        this.plan = plan;
        this.files = files;
        this.faults = new FailingFileSystem(files);
        this.random = new SplittableRandom(seed);
        this.store = open();
    }

    /** Runs the plan, and answers the files with their journal. */
    static CrashingFileSystem run(Plan plan, long seed) {
        CrashingFileSystem files = new CrashingFileSystem();
        CrashWorkload workload = new CrashWorkload(plan, files, seed);
        for (int step = 0; step < plan.steps(); step++) {
            workload.step();
        }
        workload.close();
        CrashCheck.checkSealedSegmentsEndWithTheirFiles(files);
        if (plan.refusedRollPercent() > 0) {
            checkNoIdIsUsedUp(files);
        }
        return files;
    }

    /** A segment that was not made leaves its id to the next, unless its file is left. */
    private static void checkNoIdIsUsedUp(CrashingFileSystem files) {
        Set<Integer> ids = MADE_SEGMENT
                .matcher(files.trace())
                .results()
                .map(made -> Integer.valueOf(made.group(1)))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(ids)
                .as("ids of segments whose files were made")
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, ids.size()).boxed().toList());
    }

    private void step() {
        if (plan.fullDiskPercent() > 0 && random.nextInt(100) < plan.fullDiskPercent()) {
            writeOnFullDisk();
        }
        if (plan.refusedRollPercent() > 0 && random.nextInt(100) < plan.refusedRollPercent()) {
            writeWhileRollsFail();
        }
        int dice = random.nextInt(100);
        if (dice < plan.collectPercent()) {
            collect(random.nextInt(3) == 0);
            checkServes();
        } else if (dice >= 98) {
            close();
            store = open();
        } else if (dice >= 94) {
            clock.advance(Duration.ofMillis(200));
            for (int i = 0; i < 3; i++) {
                clock.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        } else {
            write();
        }
    }

    private void write() {
        if (plan.writers() == 1) {
            writeSome(random.split());
            return;
        }
        List<Runnable> tasks = new ArrayList<>();
        for (int i = 0; i < plan.writers(); i++) {
            SplittableRandom own = random.split();
            tasks.add(() -> writeSome(own));
        }
        if (plan.collectBeside() && random.nextInt(8) == 0) {
            tasks.add(() -> collect(random.nextBoolean()));
        }
        List<CompletableFuture<Void>> running =
                tasks.stream().map(CompletableFuture::runAsync).toList();
        running.forEach(CrashWorkload::await);
    }

    private void writeSome(SplittableRandom own) {
        List<CompletableFuture<?>> pending = new ArrayList<>();
        int writes = own.nextInt(4) == 0 ? 1 + own.nextInt(6) : 1;
        for (int i = 0; i < writes; i++) {
            long key = own.nextInt(plan.keys());
            pending.add(own.nextInt(100) < 30 ? remove(key) : set(key, valueBytes(own)));
        }
        pending.forEach(CrashWorkload::await);
    }

    /**
     * Has a group taken back of which the first write went to the file, since there was no room for the second, and
     * removes what was never there; then there is room again.
     */
    private void writeOnFullDisk() {
        CountDownLatch allQueued = new CountDownLatch(1);
        Thread driver = Thread.currentThread();
        long refusedKey = REFUSED_KEYS + ids.get();
        CompletableFuture<?> holdsBack = set(random.nextInt(plan.keys()), 10).whenComplete((done, failure) -> {
            if (Thread.currentThread() != driver) {
                awaitUninterruptibly(allQueued);
            }
        });
        diskIsFull = true;
        CompletableFuture<?> first = set(refusedKey, 1 + random.nextInt(2 * KIB));
        CompletableFuture<?> second = set(refusedKey + 1, 8 * KIB);
        files.capacityBytes(Long.MAX_VALUE - files.usableBytes(files.root()) + 3 * KIB);
        allQueued.countDown();
        List.of(holdsBack, first, second).forEach(this::awaitUnlessFull);
        for (int i = random.nextInt(4); i > 0; i--) {
            long key = random.nextInt(3) == 0 ? random.nextInt(plan.keys()) : refusedKey + random.nextInt(2);
            awaitUnlessFull(remove(key));
        }
        diskIsFull = false;
        files.capacityBytes(Long.MAX_VALUE);
        StoreState state = store.statistics().state();
        while (state != StoreState.WRITABLE) {
            assertThat(state).isEqualTo(StoreState.DISK_FULL);
            clock.advance(Duration.ofSeconds(2));
            clock.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            state = store.statistics().state();
        }
    }

    /** Has a few rolls fail, each at one operation of its, and now and then the clearing up after it. */
    private void writeWhileRollsFail() {
        int refusals = 1 + random.nextInt(REFUSED_ROLLS_MAX);
        refuseRoll();
        for (int writes = 0; refusals > 0 && writes < WRITES_UNTIL_ROLLS_ARE_REFUSED_MAX; writes++) {
            long key = random.nextInt(plan.keys());
            int id = ids.get() + 1;
            try {
                await(set(key, random.nextInt(8 * KIB, 15 * KIB)));
            } catch (AssertionError e) {
                if (!(e.getCause() instanceof StoreIoException)) {
                    throw e;
                }
                files.note(new Refused(id));
                refusals--;
                refuseRoll();
            }
        }
        faults.heal();
    }

    private void refuseRoll() {
        faults.heal();
        faults.inject(ROLL_FAULTS.get(random.nextInt(ROLL_FAULTS.size())));
        if (random.nextInt(8) == 0) {
            faults.inject(Fault.on(FileOperation.DELETE).named(".*\\.log"));
        }
    }

    private void awaitUnlessFull(CompletableFuture<?> write) {
        try {
            await(write);
        } catch (AssertionError e) {
            if (!diskIsFull || !(e.getCause() instanceof DiskFullException)) {
                throw e;
            }
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertThat(latch.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private int valueBytes(SplittableRandom own) {
        return switch (own.nextInt(10)) {
            case 0 -> own.nextInt(3);
            case 1 -> own.nextInt(2 * plan.valueBytesTypical());
            default -> own.nextInt(plan.valueBytesTypical() / 2, plan.valueBytesTypical());
        };
    }

    private CompletableFuture<?> set(long key, int bytes) {
        int id = ids.incrementAndGet();
        files.note(new Begun(id, key, bytes));
        return store.set(key, WriteHistory.valueOf(id, bytes))
                .thenAccept(result -> acknowledged(id, key, result.version(), true))
                .toCompletableFuture();
    }

    private CompletableFuture<?> remove(long key) {
        int id = ids.incrementAndGet();
        files.note(new Begun(id, key, Begun.REMOVE));
        return store.remove(key)
                .thenAccept(result -> acknowledged(id, key, result.version(), result.removed()))
                .toCompletableFuture();
    }

    private void acknowledged(int id, long key, long version, boolean changed) {
        if (changed) {
            newest.merge(key, version, Math::max);
        }
        files.note(new Acknowledged(id, version, changed));
        lastAcknowledged.accumulateAndGet(version, Math::max);
    }

    private void collect(boolean force) {
        long before = lastAcknowledged.get();
        GarbageCollectionReport report =
                store.collectGarbage(force ? GarbageCollectionRequest.EVERYTHING : GarbageCollectionRequest.WORTHWHILE);
        if (report.segmentsCollected() > 0) {
            files.note(new Durable(before));
        }
    }

    private Store open() {
        return Store.open(
                files.path("db"),
                plan.options(),
                TestEnvironment.of(faults, new WritingWhileCopying(), random.nextLong()),
                StoreListener.NONE);
    }

    /** Nobody reads an older value than the newest that was acknowledged. */
    private void checkServes() {
        for (Entry entry : CrashCheck.entries(store).values()) {
            assertThat(entry.version()).as("version of key %d", entry.key()).isEqualTo(newest.get(entry.key()));
        }
    }

    private void close() {
        store.close();
        files.note(new Durable(lastAcknowledged.get()));
    }

    /** The manual clock; where garbage collection waits in order not to copy too fast, it writes instead. */
    private final class WritingWhileCopying implements Clock {

        private int parks;
        private int writesWhileCopying = WRITES_WHILE_COPYING_MAX;

        @Override
        public Instant now() {
            return clock.now();
        }

        @Override
        public long nanoTime() {
            return clock.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            if (Thread.currentThread().getName().equals(PassingClock.COLLECTOR)) {
                clock.advance(Duration.ofNanos(nanos));
                parks++;
                if (parks % WRITE_EVERY_PARKS == 0 && writesWhileCopying-- > 0) {
                    writeSome(new SplittableRandom(parks));
                }
            } else {
                clock.parkNanos(nanos);
            }
        }
    }

    private static void await(CompletableFuture<?> future) {
        try {
            future.get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("a write of the undisturbed run failed", e.getCause());
        } catch (TimeoutException | InterruptedException e) {
            throw new AssertionError("a write was not answered", e);
        }
    }
}
