package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.RepairReport.Outcome;
import dev.kvdb.engine.log.VersionRange;
import dev.kvdb.engine.recovery.LostKey;
import dev.kvdb.engine.recovery.RepairLoss;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Damaged stores, and what a repair owes to each. */
final class RepairScenario {

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
        store.open().close();
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
        assertThat(first.outcome())
                .as("%s: %s", what, first)
                .isIn(Outcome.REPAIRED, Outcome.LOSS_NOT_ACCEPTED);
        assertThat(dry.loss()).as("%s: loss foretold by a dry run", what).isEqualTo(first.loss());
        RepairReport last = first;
        if (first.outcome() == Outcome.LOSS_NOT_ACCEPTED) {
            assertThat(first.loss().isNone()).isFalse();
            last = repair(damaged, true);
            assertThat(last.outcome())
                    .as("%s, then accepted: %s", what, last)
                    .isIn(Outcome.REPAIRED_WITH_LOSS, Outcome.REPAIRED);
            if (last.outcome() == Outcome.REPAIRED_WITH_LOSS && !first.loss().manifestUncertain()) {
                assertThat(last.loss()).as(what).isEqualTo(first.loss());
            }
        }
        requireWhole(damaged, truth, first.loss(), what);
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
        long uncertainTo = loss.hidden().stream().mapToLong(VersionRange::to).max().orElse(0);
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
     * Crashes a repair at each of its operations, repairs again, and requires the same store.
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
        Set<String> evidence = files(whole).stream()
                .filter(name -> name.endsWith(".damaged"))
                .collect(Collectors.toSet());
        SplittableRandom random = new SplittableRandom(seed);
        CrashImages images = run.crashImages();
        int states = 0;
        do {
            for (int variant = 0; variant < (images.pendingOperations() == 0 ? 1 : variants); variant++) {
                CrashingFileSystem image = images.image(variant < 4 ? variant : random.nextLong(1L << 40));
                String place = what + ", killed after " + images.position() + " operations, before "
                        + images.nextOperation() + " (" + report.outcome() + "):\n" + run.trace();
                requireAsGood(damaged, image, expected, evidence, place);
                states++;
            }
        } while (images.advance());
        return states;
    }

    private static void requireAsGood(
            CrashingFileSystem damaged,
            CrashingFileSystem image,
            Map<Long, String> expected,
            Set<String> evidence,
            String place) {
        for (String name : evidence) {
            String evidenced = name.equals("MANIFEST.damaged") ? "MANIFEST" : name.replace(".damaged", ".log");
            boolean untouched = files(image).contains(evidenced)
                    && java.util.Arrays.equals(
                            image.contents(image.path(evidenced)), damaged.contents(damaged.path(evidenced)));
            assertThat(untouched || files(image).contains(name))
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

    static java.util.List<String> files(CrashingFileSystem disk) {
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
