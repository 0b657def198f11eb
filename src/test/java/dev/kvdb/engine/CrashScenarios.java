package dev.kvdb.engine;

import static dev.kvdb.testkit.FileOperation.SYNC;

import dev.kvdb.engine.CrashWorkload.Plan;
import dev.kvdb.engine.env.FreeBlocksTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.recovery.TornTails;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/** Small runs of each harness, by name, for those who plant bugs. Each throws where it finds one. */
public final class CrashScenarios {

    private static final int VARIANTS = 6;
    private static final int MODEL_OPERATIONS = 500;
    private static final int CLOCK_STEPS = 100;
    private static final int TORN_TAILS = 20;

    private CrashScenarios() {}

    /**
     * Runs a scenario that often, with a seed of its own each time.
     *
     * @throws AssertionError where the engine gives a wrong answer, or fails with an error that it has no reason for;
     *     says in which of the runs
     */
    public static void run(String scenario, long seed, int runs) {
        Logs.silenceEngine();
        for (int run = 0; run < runs; run++) {
            try {
                run(scenario, seed + run);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("run " + (run + 1) + " of " + runs + ": " + e, e);
            }
        }
    }

    private static void run(String scenario, long seed) {
        switch (scenario) {
            case "always" -> crash(new Plan(SyncPolicy.ALWAYS, 2, 25, 30, 5_000, 10, false, 0.3, 0, 0), seed, 8);
            case "os" -> crash(new Plan(SyncPolicy.OS, 1, 50, 30, 6_000, 12, false, 0.3, 0, 0), seed, 8);
            case "snapshots" -> crash(new Plan(SyncPolicy.OS, 1, 100, 30, 6_000, 3, false, 0.3, 0, 0), seed, 9);
            case "tombstones" -> crash(new Plan(SyncPolicy.ALWAYS, 1, 250, 60, 8_000, 12, false, 0.6, 0, 0), seed, 90);
            case "tombstones beside writes" ->
                crash(new Plan(SyncPolicy.OS, 1, 150, 40, 8_000, 10, true, 0.4, 0, 0), seed, 90);
            case "failed syncs" ->
                LongStream.rangeClosed(8, 40)
                        .parallel()
                        .forEach(k -> FaultyRun.check(
                                SyncPolicy.ALWAYS, Fault.on(SYNC).nth(k), seed));
            case "no descriptors" ->
                LongStream.rangeClosed(1, 60)
                        .parallel()
                        .forEach(k -> FaultyRun.checkNoDescriptorLeavesItWritable(k, seed));
            case "free blocks" -> freeBlocks();
            case "full disk" -> crash(new Plan(SyncPolicy.ALWAYS, 1, 12, 20, 2_000, 5, false, 0.3, 60, 0), seed, 2);
            case "refused rolls" -> crash(new Plan(SyncPolicy.ALWAYS, 1, 12, 20, 3_000, 5, false, 0.3, 0, 50), seed, 6);
            case "zeros ahead" -> crash(new Plan(SyncPolicy.ALWAYS, 1, 80, 30, 300, 5, false, 0.3, 0, 0), seed, 20);
            case "hints" -> crash(new Plan(SyncPolicy.ALWAYS, 3, 60, 200, 700, 6, false, 0.3, 0, 0), seed, 5);
            case "damage" -> damage(seed);
            case "fuzzed files" -> fuzzedFiles(seed);
            case "verification" -> verification(seed);
            case "forged files" -> Forgery.all().forEach(Forgery::requireFound);
            case "histories" -> ConcurrentHistories.run(seed, ConcurrentHistories.IN_A_STORE);
            case "repair" -> RepairScenario.run(seed);
            case "model" -> new StoreModel(new SplittableRandom(seed)).run(MODEL_OPERATIONS);
            case "clock" -> clock(seed);
            case "torn tail" -> tornTail(seed);
            case "quota" -> quota();
            default -> throw new IllegalArgumentException(scenario);
        }
    }

    private static void crash(Plan plan, long seed, int placesSkippedMax) {
        CrashingFileSystem files = CrashWorkload.run(plan, seed);
        new CrashHarness(files, plan.options(), seed).run(VARIANTS, placesSkippedMax, Integer.MAX_VALUE);
    }

    /** Flips bits of segments of a closed store: what it then answers is right, or an error. */
    private static void damage(long seed) {
        Plan plan = new Plan(SyncPolicy.ALWAYS, 1, 60, 50, 60, 0, false, 0.3, 0, 0);
        CrashingFileSystem files = CrashWorkload.run(plan, seed);
        WriteHistory history = WriteHistory.of(files.notesBefore(files.position()));
        Map<Long, Entry> intact;
        try (Store store = open(files.copy(), plan)) {
            intact = CrashCheck.entries(store);
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 150; i++) {
            CrashingFileSystem damaged = files.copy();
            Path segment = files.path("db").resolve("0000000001.log");
            damaged.flipBit(segment, random.nextInt(128, files.contents(segment).length), random.nextInt(8));
            try (Store store = open(damaged, plan)) {
                for (long key : intact.keySet()) {
                    checkAnswer(store, key, intact.get(key));
                }
            }
        }
        history.prefixOf(intact, history.at(files.notesBefore(files.position()), SyncPolicy.ALWAYS));
    }

    /** What the fuzz targets do, with random bytes instead of those of a fuzzer. */
    private static void fuzzedFiles(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SegmentFuzzTest segments = new SegmentFuzzTest();
        CacheFuzzTest caches = new CacheFuzzTest();
        ManifestFuzzTest manifests = new ManifestFuzzTest();
        for (int i = 0; i < 500; i++) {
            byte[] data = new byte[random.nextInt(200)];
            random.nextBytes(data);
            segments.framesWithTheRightChecksums_areReadForWhatTheyAreOrRefused(data);
            segments.damagedSegment_isNeverReadAsAnythingElseThanWhatWasWritten(data);
            caches.hint_isReadForWhatItIsOrDroppedForTheSegment(data);
            caches.snapshot_isReadForWhatItIsOrDroppedForTheLog(data);
            manifests.manifest_isReadForWhatItIsOrRefused(data);
        }
    }

    /** A verification finds what is wrong with a small store, and nothing else. */
    private static void verification(long seed) {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        if (!VerificationScenario.verify(disk).isClean()) {
            throw new AssertionError("found in a store that is whole: " + VerificationScenario.verify(disk));
        }
        try {
            VerificationScenario.requireEachFlipFound(disk, (int) (1 + Math.floorMod(seed, 3L)));
            VerificationScenario.requireWrongCachesFound(disk);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The clock does not fall, whatever jumps, restarts and crashes there are. */
    private static void clock(long seed) {
        try {
            new NeverFallingClockTest().checkNoTimeFalls(seed, CLOCK_STEPS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tears and damages the end of a log at random places. */
    private static void tornTail(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (TornTails tails = new TornTails()) {
            for (int i = 0; i < TORN_TAILS; i++) {
                tails.checkAtRandom(random);
            }
        }
    }

    /** A store takes what its quota lets it take, before and after a restart, and also from a large group. */
    private static void quota() {
        QuotaTest quota = new QuotaTest();
        try {
            quota.setsUpToTheQuota_thenTheyAreRefusedWithAReason_andNoMoreIsUsed();
            quota.restartWithTheSameQuota_refusesSetsStill_andWithALargerOneTakesThem();
            quota.groupThatDoesNotFit_isAppliedAsFarAsItDoes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a process may write to a file system that keeps blocks for root, before and after it refused a write. */
    private static void freeBlocks() {
        try {
            if (FreeBlocksTest.checkAll() == 0) {
                throw new AssertionError("there is no test");
            }
        } catch (InvocationTargetException e) {
            throw new AssertionError(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void checkAnswer(Store store, long key, Entry intact) {
        try {
            Entry entry = store.get(key).orElseThrow(() -> new AssertionError("key " + key + " is missing"));
            if (entry.version() != intact.version() || !java.util.Arrays.equals(entry.value(), intact.value())) {
                throw new AssertionError("key " + key + " has a wrong value or version");
            }
        } catch (DamageException e) {
            // An honest answer.
        }
    }

    private static Store open(CrashingFileSystem files, Plan plan) {
        return Store.open(
                files.path("db"), plan.options(), TestEnvironment.of(files, new ManualClock(), 1), StoreListener.NONE);
    }
}
