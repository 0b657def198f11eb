package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.RepairReport.Outcome;
import dev.kvdb.engine.log.VersionRange;
import dev.kvdb.engine.recovery.LostKey;
import dev.kvdb.engine.recovery.RepairLoss;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Damaged stores, and what a repair owes to each. */
final class RepairScenario {

    private static final int KEYS = 40;

    /** What a store answers: key to version and a hash of the value. */
    record Truth(Map<Long, String> entries) {

        static Truth of(CrashingFileSystem disk) {
            try (MemoryStore store = new MemoryStore(disk.copy(), MemoryStore.SMALL).open()) {
                assertThat(store.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
                return new Truth(store.entries());
            }
        }

        long version(long key) {
            String entry = entries.get(key);
            return entry == null ? -1 : Long.parseLong(entry.substring(0, entry.indexOf(':')));
        }
    }

    private RepairScenario() {}

    /** The small store of {@link VerificationScenario}, closed properly: its snapshot covers all of it. */
    static CrashingFileSystem closedStore() {
        MemoryStore store = new MemoryStore(VerificationScenario.smallStore(), MemoryStore.SMALL);
        store.open().set(9, 4);
        store.close();
        return store.disk.copy();
    }

    static RepairReport repair(CrashingFileSystem disk, boolean acceptLoss) {
        return repair(disk, new StoreRepair.Request(acceptLoss, false));
    }

    static RepairReport repair(CrashingFileSystem disk, StoreRepair.Request request) {
        RepairReport report =
                new StoreRepair(TestEnvironment.of(disk, 7)).run(disk.root(), request, VerificationListener.NONE);
        assertThat(disk.openHandles()).as("left open by a repair").isEmpty();
        return report;
    }

    /**
     * Repairs a damaged store, first without and then with leave to lose something, and holds it to what it said.
     *
     * @return what the first repair said
     */
    static RepairReport requireRepaired(CrashingFileSystem disk, Truth truth, String what) {
        CrashingFileSystem damaged = disk.copy();
        RepairReport dry = repair(damaged, new StoreRepair.Request(false, true));
        assertThat(damaged.position()).as("%s: changed by a dry run", what).isZero();
        RepairReport first = repair(damaged, false);
        assertThat(first.outcome()).as("%s: %s", what, first).isIn(Outcome.REPAIRED, Outcome.LOSS_NOT_ACCEPTED);
        assertThat(dry.loss()).as("%s: loss foretold by a dry run", what).isEqualTo(first.loss());
        RepairReport last = first;
        if (first.outcome() == Outcome.LOSS_NOT_ACCEPTED) {
            assertThat(first.loss().isNone()).isFalse();
            last = repair(damaged, true);
            assertThat(last.outcome()).as("%s, then accepted: %s", what, last).isEqualTo(Outcome.REPAIRED_WITH_LOSS);
            if (!first.loss().manifestUncertain()) {
                assertThat(last.loss().keys()).as(what).isEqualTo(first.loss().keys());
                assertThat(last.loss().hidden())
                        .as(what)
                        .hasSameSizeAs(first.loss().hidden());
            }
        }
        requireWhole(damaged, truth, last.loss(), what);
        return first;
    }

    /** Holds a repaired store to the truth, but for what is said to be lost. */
    static void requireWhole(CrashingFileSystem repaired, Truth truth, RepairLoss loss, String what) {
        VerificationReport report = VerificationScenario.verify(repaired);
        assertThat(report.findings()).as("%s: found after the repair", what).isEmpty();
        Map<Long, String> entries = Truth.of(repaired).entries();
        requireOwed(entries, truth, loss, what);
        CrashingFileSystem withoutCaches = repaired.copy();
        files(withoutCaches).stream()
                .filter(name -> name.endsWith(".hint") || name.equals("SNAPSHOT"))
                .forEach(name -> delete(withoutCaches, name));
        assertThat(Truth.of(withoutCaches).entries())
                .as("%s: what the log alone says", what)
                .isEqualTo(entries);
        try (MemoryStore store = new MemoryStore(repaired.copy(), MemoryStore.SMALL).open()) {
            long before = store.store().statistics().lastVersion();
            assertThat(store.set(1, "written again").version()).as(what).isGreaterThan(before);
            store.reopen();
            assertThat(store.get(1)).as(what).isEqualTo("written again");
        }
    }

    private static void requireOwed(Map<Long, String> entries, Truth truth, RepairLoss loss, String what) {
        Set<Long> lost = loss.keys().stream().map(LostKey::key).collect(Collectors.toSet());
        long uncertainTo =
                loss.hidden().stream().mapToLong(VersionRange::to).max().orElse(0);
        Set<Long> keys = new TreeSet<>(truth.entries().keySet());
        keys.addAll(entries.keySet());
        for (long key : keys) {
            String is = entries.get(key);
            String was = truth.entries().get(key);
            if (lost.contains(key)) {
                assertThat(is).as("%s: lost key %d", what, key).isNull();
            } else if (truth.version(key) > uncertainTo && !loss.manifestUncertain()) {
                assertThat(is).as("%s: key %d", what, key).isEqualTo(was);
            } else if (is != null && !is.equals(was)) {
                assertThat(loss.manifestUncertain() || new Truth(entries).version(key) < uncertainTo)
                        .as("%s: key %d is %s, was %s, beyond what is uncertain", what, key, is, was)
                        .isTrue();
            } else if (uncertainTo == 0 && !loss.manifestUncertain()) {
                assertThat(is).as("%s: key %d", what, key).isEqualTo(was);
            }
        }
    }

    /**
     * Crashes a repair at each of its operations, repairs again, and requires the same store. One that could be opened
     * before can be opened instead, and answers as it did before the repair or would after it.
     *
     * @return crashed states
     */
    static int requireCrashSafe(CrashingFileSystem damaged, boolean acceptLoss, int variants, long seed, String what) {
        CrashingFileSystem run = damaged.copy();
        RepairReport report = repair(run, acceptLoss);
        CrashingFileSystem whole = run.copy();
        if (repair(whole, true).outcome() == Outcome.LEFT) {
            throw new AssertionError(what + ": not repaired");
        }
        Map<Long, String> expected = Truth.of(whole).entries();
        Map<String, byte[]> evidence = files(whole).stream()
                .filter(name -> name.endsWith(".damaged"))
                .collect(Collectors.toMap(name -> name, name -> whole.contents(whole.path(name))));
        Optional<Answers> before = Answers.of(damaged, KEYS);
        Optional<Answers> after = Answers.of(run, KEYS);
        SplittableRandom random = new SplittableRandom(seed);
        CrashImages images = run.crashImages();
        int states = 0;
        do {
            for (int variant = 0; variant < (images.pendingOperations() == 0 ? 1 : variants); variant++) {
                CrashingFileSystem image = images.image(variant < 4 ? variant : random.nextLong(1L << 40));
                String place = what + ", killed after " + images.position() + " operations, before "
                        + images.nextOperation() + " (" + report.outcome() + "):\n" + run.trace();
                before.ifPresent(answers -> requireOpens(image, answers, after.orElseThrow(), place));
                requireAsGood(damaged, image, expected, evidence, place);
                states++;
            }
        } while (images.advance());
        return states;
    }

    private static void requireOpens(CrashingFileSystem image, Answers before, Answers after, String place) {
        Answers answers = Answers.of(image, KEYS)
                .orElseThrow(() -> new AssertionError("could be opened before the repair, but not after: " + place));
        answers.requireBetween(before, after, place);
    }

    private static void requireAsGood(
            CrashingFileSystem damaged,
            CrashingFileSystem image,
            Map<Long, String> expected,
            Map<String, byte[]> evidence,
            String place) {
        for (String name : evidence.keySet()) {
            String evidenced = name.equals("MANIFEST.damaged") ? "MANIFEST" : name.replace(".damaged", ".log");
            boolean untouched = files(image).contains(evidenced)
                    && Arrays.equals(image.contents(image.path(evidenced)), damaged.contents(damaged.path(evidenced)));
            boolean setAside =
                    files(image).contains(name) && Arrays.equals(image.contents(image.path(name)), evidence.get(name));
            assertThat(untouched || setAside)
                    .as("neither %s nor %s is left: %s", evidenced, name, place)
                    .isTrue();
        }
        RepairReport again;
        try {
            again = repair(image, true);
        } catch (RuntimeException e) {
            throw new AssertionError("the second repair failed: " + e + ", " + place, e);
        }
        assertThat(again.left()).as(place).isEmpty();
        assertThat(VerificationScenario.verify(image).findings()).as(place).isEmpty();
        assertThat(Truth.of(image).entries()).as(place).isEqualTo(expected);
    }

    /** A small run of all of this. */
    static void run(long seed) {
        CrashingFileSystem disk = closedStore();
        Truth truth = Truth.of(disk);
        SplittableRandom random = new SplittableRandom(seed);
        for (String name : files(disk)) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int offset = random.nextInt(1, 40);
                    offset < bytes && name.endsWith(".log");
                    offset += random.nextInt(1, 40)) {
                CrashingFileSystem damaged = disk.copy();
                damaged.flipBit(disk.path(name), offset, random.nextInt(8));
                if (!VerificationScenario.verify(damaged).isClean()) {
                    requireRepaired(damaged, truth, "byte " + offset + " of " + name);
                }
            }
        }
        requireMissingSegmentsRepaired(disk);
        requireHiddenTombstoneKept();
        requireDamageInTheTailCrashSafe(seed);
        for (int i = 0; i < 6; i++) {
            RandomDamage damage = new RandomDamage(seed + i);
            requireRepaired(damage.disk(), damage.truth(), "run " + i + ", " + damage.done());
            requireCrashSafe(damage.disk(), i % 3 > 0, 6, seed + i, "run " + i + ", " + damage.done());
        }
    }

    /**
     * Damages a tombstone that no hint names: only the snapshot says that its key is gone, and an older set survives.
     */
    static void requireHiddenTombstoneKept() {
        MemoryStore store = new MemoryStore().open();
        store.set(1, 10);
        store.reopen();
        store.remove(1);
        store.set(2, 10);
        store.close();
        Truth truth = Truth.of(store.disk);
        delete(store.disk, "0000000002.hint");
        CrashingFileSystem damaged = store.disk.copy();
        damaged.flipBit(damaged.path("0000000002.log"), 128 + 65 + 20, 0);
        RepairReport report = requireRepaired(damaged, truth, "damaged tombstone");
        assertThat(report.outcome()).isEqualTo(Outcome.REPAIRED);
        assertThat(report.loss().isNone()).isTrue();
    }

    /**
     * What was appended last is above the manifest's floor of versions, as are the copies that the repair makes of it.
     */
    static int requireDamageInTheTailCrashSafe(long seed) {
        MemoryStore running = new MemoryStore().open();
        for (int key = 1; key <= 5; key++) {
            running.set(key, 20);
        }
        CrashingFileSystem damaged = running.image().disk;
        running.close();
        int groupBytes = 65 + 33 + 20;
        damaged.flipBit(damaged.path("0000000001.log"), 128 + groupBytes + 65 + 20, 0);
        return requireCrashSafe(damaged, true, 6, seed, "damage in the tail");
    }

    /** Takes away each segment, in turn with what else tells what was in it. */
    static void requireMissingSegmentsRepaired(CrashingFileSystem disk) {
        Truth truth = Truth.of(disk);
        for (String name : files(disk)) {
            String hint = name.replace(".log", ".hint");
            for (List<String> others :
                    List.of(List.<String>of(), List.of(hint), List.of("SNAPSHOT"), List.of(hint, "SNAPSHOT"))) {
                if (name.endsWith(".log")) {
                    CrashingFileSystem damaged = disk.copy();
                    delete(damaged, name);
                    others.forEach(file -> delete(damaged, file));
                    RepairReport report = requireRepaired(damaged, truth, "without " + name + " and " + others);
                    assertThat(report.loss().hidden()).hasSize(others.size() == 2 ? 1 : 0);
                    assertThat(report.setAside()).isEmpty();
                }
            }
        }
    }

    /** A store of several segments, and some damage to it. The same seed gives the same. */
    static final class RandomDamage {

        private final SplittableRandom random;
        private final CrashingFileSystem disk;
        private final Truth truth;
        private final List<String> done = new ArrayList<>();

        RandomDamage(long seed) {
            random = new SplittableRandom(seed);
            disk = randomStore();
            truth = Truth.of(disk);
            for (int times = random.nextInt(1, 5);
                    times > 0 || VerificationScenario.verify(disk).isClean();
                    times--) {
                damage();
            }
        }

        CrashingFileSystem disk() {
            return disk.copy();
        }

        Truth truth() {
            return truth;
        }

        List<String> done() {
            return done;
        }

        private CrashingFileSystem randomStore() {
            MemoryStore store = new MemoryStore().open();
            for (int write = 0; write < 150; write++) {
                long key = random.nextInt(KEYS);
                if (random.nextInt(4) == 0) {
                    store.remove(key);
                } else {
                    store.set(key, random.nextInt(random.nextInt(10) == 0 ? 12_000 : 800));
                }
                switch (random.nextInt(40)) {
                    case 0 -> store.reopen();
                    case 1 -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                    case 2 -> store.store().collectGarbage(GarbageCollectionRequest.WORTHWHILE);
                    default -> {}
                }
            }
            CrashingFileSystem killed = store.image().disk;
            store.close();
            return random.nextInt(3) == 0 ? killed : store.disk.copy();
        }

        private void damage() {
            List<String> names = files(disk).stream()
                    .filter(name -> !name.equals("LOCK") && (!name.equals("MANIFEST") || random.nextInt(3) == 0))
                    .toList();
            String name = names.get(random.nextInt(names.size()));
            int bytes = disk.contents(disk.path(name)).length;
            int kind = random.nextInt(name.endsWith(".log") ? 8 : 4);
            if (name.endsWith(".log") && !files(disk).contains(name.replace(".log", ".hint"))) {
                // Perhaps the log's end, where damage may pass for a tear.
                kind = 3;
            }
            String what = name;
            if (bytes == 0 || (kind == 0 && !name.equals("MANIFEST"))) {
                delete(disk, name);
                what += " deleted";
            } else if (kind <= 1) {
                int size = random.nextInt(bytes);
                disk.truncateFile(disk.path(name), size);
                what += " cut to " + size;
            } else if (kind == 2) {
                int offset = random.nextInt(bytes);
                disk.overwrite(disk.path(name), offset, new byte[Math.min(bytes - offset, random.nextInt(1, 2_000))]);
                what += " zeroed from " + offset;
            } else if (kind == 3) {
                int offset = random.nextInt(Math.min(bytes, 124));
                disk.flipBit(disk.path(name), offset, 0);
                what += " flipped at " + offset;
            } else {
                int offset = random.nextInt(bytes);
                disk.flipBit(disk.path(name), offset, 0);
                what += " flipped at " + offset;
            }
            done.add(what);
        }
    }

    static List<String> files(CrashingFileSystem disk) {
        try {
            return disk.list(disk.root());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(CrashingFileSystem disk, String name) {
        Path file = disk.path(name);
        try {
            disk.delete(file);
            disk.syncDirectory(disk.root());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
