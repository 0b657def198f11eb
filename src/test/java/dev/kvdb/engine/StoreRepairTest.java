package dev.kvdb.engine;

import static dev.kvdb.engine.RepairScenario.delete;
import static dev.kvdb.engine.RepairScenario.files;
import static dev.kvdb.engine.RepairScenario.repair;
import static dev.kvdb.engine.RepairScenario.requireRepaired;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.RepairReport.Outcome;
import dev.kvdb.engine.RepairScenario.Truth;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SetAsideHeader;
import dev.kvdb.engine.format.SetAsideHeader.Range;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StoreRepairTest {

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void wholeStore_isNotTouched() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        assertThat(repair(disk, true).outcome()).isEqualTo(Outcome.WHOLE);
        assertThat(disk.trace()).isEqualTo("lock LOCK");
    }

    @Test
    void eachFlippedByteOfTheLog_isRepaired_andNothingIsLostButAValueThatWasHit() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        Truth truth = Truth.of(disk);
        int lossy = 0;
        for (String name : named(disk, ".log")) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int offset = 0; offset < bytes; offset++) {
                CrashingFileSystem damaged = disk.copy();
                damaged.flipBit(disk.path(name), offset, offset % 8);
                if (VerificationScenario.verify(damaged).isClean()) {
                    continue;
                }
                RepairReport report = requireRepaired(damaged, truth, "byte " + offset + " of " + name);
                assertThat(report.loss().hidden()).isEmpty();
                lossy += report.outcome() == Outcome.LOSS_NOT_ACCEPTED ? 1 : 0;
            }
        }
        assertThat(lossy).as("bytes of values that count").isEqualTo(9 + 3 + 0 + 2 + 4);
    }

    @Test
    void eachFlippedByteOfTheOtherFiles_isRepairedWithoutALoss() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        Truth truth = Truth.of(disk);
        for (String name : files(disk)) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int offset = 0;
                    offset < bytes && !name.endsWith(".log") && !name.equals("LOCK");
                    offset += 1 + offset % 2) {
                CrashingFileSystem damaged = disk.copy();
                damaged.flipBit(disk.path(name), offset, offset % 8);
                RepairReport report = requireRepaired(damaged, truth, "byte " + offset + " of " + name);
                assertThat(report.outcome()).isEqualTo(Outcome.REPAIRED);
                assertThat(report.manifestWritten()).isEqualTo(name.equals("MANIFEST"));
            }
        }
    }

    @Test
    void eachFlippedByteWithoutCaches_losesNoMoreThanItSays() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        Truth truth = Truth.of(disk);
        for (String cache : files(disk)) {
            if (cache.endsWith(".hint") || cache.equals("SNAPSHOT")) {
                delete(disk, cache);
            }
        }
        int uncertain = 0;
        for (String name : named(disk, ".log")) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int offset = 0; offset < bytes; offset += 1 + offset % 3) {
                CrashingFileSystem damaged = disk.copy();
                damaged.flipBit(disk.path(name), offset, offset % 8);
                if (!VerificationScenario.verify(damaged).isClean()) {
                    RepairReport report = requireRepaired(damaged, truth, "byte " + offset + " of " + name);
                    uncertain += report.loss().hidden().isEmpty() ? 0 : 1;
                }
            }
        }
        assertThat(uncertain).isGreaterThan(100);
    }

    @Test
    void eachTruncation_isRepaired() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        Truth truth = Truth.of(disk);
        for (String name : files(disk)) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int size = 0; size < bytes && !name.equals("LOCK"); size += 1 + size % 3) {
                CrashingFileSystem damaged = disk.copy();
                damaged.truncateFile(disk.path(name), size);
                if (!VerificationScenario.verify(damaged).isClean()) {
                    RepairReport report = requireRepaired(damaged, truth, name + " cut to " + size);
                    assertThat(report.loss().hidden()).isEmpty();
                }
            }
        }
    }

    @Test
    void missingSegment_losesTheKeysThatItsHintNames_orTheSnapshot() {
        RepairScenario.requireMissingSegmentsRepaired(RepairScenario.closedStore());
    }

    @Test
    void tombstoneThatOnlyTheSnapshotKnowsOf_isWrittenAnew() {
        RepairScenario.requireHiddenTombstoneKept();
    }

    @Test
    void missingManifest_isMadeAnew_withLeaveWhereItMayHaveListedLess() {
        CrashingFileSystem closed = RepairScenario.closedStore();
        delete(closed, "MANIFEST");
        assertThat(requireRepaired(closed, Truth.of(RepairScenario.closedStore()), "closed properly")
                        .outcome())
                .isEqualTo(Outcome.REPAIRED);
        CrashingFileSystem killed = VerificationScenario.smallStore();
        Truth truth = Truth.of(killed);
        delete(killed, "MANIFEST");
        RepairReport report = requireRepaired(killed, truth, "killed");
        assertThat(report.outcome()).isEqualTo(Outcome.LOSS_NOT_ACCEPTED);
        assertThat(report.loss().manifestUncertain()).isTrue();
        assertThat(report.loss().keys()).isEmpty();
        repair(killed, true);
        assertThat(Truth.of(killed)).as("nothing was lost").isEqualTo(truth);
    }

    @Test
    void missingManifest_segmentThatTwoOthersFollow_isTakenToBeAsLongAsTheLaterOneSays() {
        MemoryStore running = new MemoryStore().open();
        for (int key = 0; key < 4; key++) {
            running.set(key, 15_000);
        }
        // A segment that cannot be listed, nor deleted, and says that the first one ends here.
        running.files.inject(Fault.on(FileOperation.CREATE).named("MANIFEST.tmp"));
        running.files.inject(Fault.on(FileOperation.DELETE).named(".*log"));
        assertThatThrownBy(() -> running.set(4, 15_000)).isInstanceOf(StoreIoException.class);
        running.set(5, 10);
        running.set(6, 15_000);
        CrashingFileSystem killed = running.image().disk;
        running.close();
        assertThat(named(killed, ".log")).hasSize(3);
        Truth truth = Truth.of(killed);
        delete(killed, "MANIFEST");
        repair(killed, true);
        assertThat(Truth.of(killed)).isEqualTo(truth);
    }

    @Test
    void damageInTheTail_isRepaired_andATornEndIsNone() {
        MemoryStore running = new MemoryStore().open();
        for (int key = 1; key <= 5; key++) {
            running.set(key, 20);
        }
        CrashingFileSystem disk = running.image().disk;
        running.close();
        Truth truth = Truth.of(disk);
        int groupBytes = 65 + 33 + 20;
        for (int offset = 0; offset < 128 + 4 * groupBytes; offset++) {
            CrashingFileSystem damaged = disk.copy();
            damaged.flipBit(disk.path("0000000001.log"), offset, offset % 8);
            requireRepaired(damaged, truth, "byte " + offset + " of the tail");
        }
        disk.truncateFile(disk.path("0000000001.log"), 128 + 5 * groupBytes - 7);
        assertThat(repair(disk, true).outcome()).isEqualTo(Outcome.WHOLE);
    }

    @Test
    void badBytes_areSetAsideAsTheyWere() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        String name = named(disk, ".log").get(0);
        disk.flipBit(disk.path(name), 9, 0);
        disk.flipBit(disk.path(name), 128 + 40, 3);
        byte[] damaged = disk.contents(disk.path(name));

        RepairReport report = repair(disk, true);

        String file = name.replace(".log", ".damaged");
        assertThat(report.setAside()).containsExactly(disk.path(file).toString());
        byte[] kept = disk.contents(disk.path(file));
        SetAsideHeader header = SetAsideHeader.decode(ByteBuffer.wrap(kept), file);
        assertThat(header.ranges()).hasSize(2).first().isEqualTo(new Range(0, 128));
        int at = header.headerBytes();
        for (Range range : header.ranges()) {
            for (int i = 0; i < range.bytes(); i++) {
                assertThat(kept[at++]).isEqualTo(damaged[(int) range.offset() + i]);
            }
        }
        assertThat(at).isEqualTo(kept.length);
        assertThat(files(disk)).doesNotContain(name);
    }

    @Test
    void randomDamage_losesNoMoreThanItSays() throws Exception {
        Seeds.run(seed -> {
            int refused = 0;
            for (int i = 0; i < 60; i++) {
                RepairScenario.RandomDamage random = new RepairScenario.RandomDamage(seed + i);
                try {
                    requireRepaired(random.disk(), random.truth(), "run " + i + ", " + random.done());
                } catch (DamageException e) {
                    assertThat(e).hasMessageContaining("no intact header");
                    refused++;
                }
            }
            assertThat(refused).isLessThan(4);
        });
    }

    @Test
    void repairKilledAnywhere_isAsGoodWhenItIsRepeated() throws Exception {
        Seeds.run(seed -> {
            int states = 0;
            for (int i = 0; i < 12; i++) {
                RepairScenario.RandomDamage random = new RepairScenario.RandomDamage(seed + i);
                states += RepairScenario.requireCrashSafe(
                        random.disk(), i % 4 > 0, 6, seed + i, "run " + i + ", " + random.done());
            }
            assertThat(states).isGreaterThan(1_000);
        });
    }

    @Test
    void repairOfTheTailKilledAnywhere_leavesAStoreThatOpens() throws Exception {
        Seeds.run(seed ->
                assertThat(RepairScenario.requireDamageInTheTailCrashSafe(seed)).isGreaterThan(50));
    }

    @Test
    void repairThatLosesNothingKilledAnywhere_losesNothingWhenItIsRepeated() {
        CrashingFileSystem closed = RepairScenario.closedStore();
        String newest = newestLog(closed);
        requireNoLossWhenRepeated(closed, newest);

        try (MemoryStore killed = new MemoryStore(RepairScenario.closedStore(), MemoryStore.SMALL).open()) {
            killed.set(10, 20);
            killed.set(11, 20);
            requireNoLossWhenRepeated(killed.image().disk, newest);
        }
    }

    /** The closing mark of this segment, the newest sealed one, is damaged, and no hint says that it was the last. */
    private static void requireNoLossWhenRepeated(CrashingFileSystem disk, String newestSealed) {
        files(disk).stream()
                .filter(name -> name.endsWith(".hint") || name.equals("SNAPSHOT"))
                .forEach(name -> delete(disk, name));
        int bytes = disk.contents(disk.path(newestSealed)).length;
        disk.flipBit(disk.path(newestSealed), bytes - Mark.FRAME_BYTES, 0);
        CrashingFileSystem run = disk.copy();
        assertThat(repair(run, false).outcome()).isEqualTo(Outcome.REPAIRED);
        Map<Long, String> expected = Truth.of(run).entries();
        CrashImages images = run.crashImages();
        do {
            CrashingFileSystem image = images.image(0);
            RepairReport again = repair(image, false);
            assertThat(again.outcome())
                    .as("killed before %s of:%n%s", images.nextOperation(), run.trace())
                    .isIn(Outcome.REPAIRED, Outcome.WHOLE);
            assertThat(again.loss().isNone()).isTrue();
            assertThat(Truth.of(image).entries()).isEqualTo(expected);
        } while (images.advance());
    }

    private static String newestLog(CrashingFileSystem disk) {
        return named(disk, ".log").stream().reduce("", (first, second) -> second);
    }

    @Test
    void operationThatFailsAnywhere_losesNothing_andTheNextRepairGoesThrough() throws Exception {
        Seeds.run(seed -> {
            for (int i = 0; i < 4; i++) {
                RepairScenario.RandomDamage random = new RepairScenario.RandomDamage(seed + i);
                CrashingFileSystem whole = random.disk();
                repair(whole, true);
                Map<Long, String> expected = Truth.of(whole).entries();
                for (Fault.Kind kind : List.of(Fault.Kind.IO_ERROR, Fault.Kind.NO_SPACE)) {
                    failEach(random, kind, expected);
                }
            }
        });
    }

    private static void failEach(RepairScenario.RandomDamage random, Fault.Kind kind, Map<Long, String> expected) {
        for (int nth = 1; ; nth++) {
            CrashingFileSystem disk = random.disk();
            FailingFileSystem failing = new FailingFileSystem(disk);
            failing.inject(Fault.onAnything().nth(nth).as(kind));
            String place = kind + " at operation " + nth + " of " + random.done();
            try {
                new StoreRepair(TestEnvironment.of(failing, 7))
                        .run(disk.root(), new StoreRepair.Request(true, false), VerificationListener.NONE);
            } catch (StoreException e) {
                assertThat(e)
                        .as(place)
                        .isInstanceOfAny(StoreIoException.class, DiskFullException.class, DamageException.class);
            }
            assertThat(disk.openHandles()).as(place).isEmpty();
            repair(disk, true);
            assertThat(VerificationScenario.verify(disk).findings()).as(place).isEmpty();
            assertThat(Truth.of(disk).entries()).as(place).isEqualTo(expected);
            if (failing.count() < nth) {
                return;
            }
        }
    }

    private static List<String> named(CrashingFileSystem disk, String suffix) {
        return files(disk).stream().filter(name -> name.endsWith(suffix)).toList();
    }
}
