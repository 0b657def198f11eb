package dev.kvdb.engine;

import static dev.kvdb.engine.RepairScenario.delete;
import static dev.kvdb.engine.RepairScenario.files;
import static dev.kvdb.engine.RepairScenario.repair;
import static dev.kvdb.engine.RepairScenario.requireRepaired;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.RepairReport.Outcome;
import dev.kvdb.engine.RepairScenario.Truth;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import java.util.List;
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
        assertThat(disk.trace()).isEmpty();
    }

    @Test
    void eachFlippedByte_isRepaired_andNothingIsLostButAValueThatWasHit() {
        CrashingFileSystem disk = RepairScenario.closedStore();
        Truth truth = Truth.of(disk);
        int lossy = 0;
        for (String name : logFiles(disk)) {
            int bytes = disk.contents(disk.path(name)).length;
            for (int offset = 0; offset < bytes; offset++) {
                CrashingFileSystem damaged = disk.copy();
                damaged.flipBit(disk.path(name), offset, offset % 8);
                if (VerificationScenario.verify(damaged).isClean()) {
                    continue;
                }
                RepairReport report = requireRepaired(damaged, truth, "byte " + offset + " of " + name);
                lossy += report.outcome() == Outcome.LOSS_NOT_ACCEPTED ? 1 : 0;
                assertThat(report.loss().hidden()).isEmpty();
            }
        }
        assertThat(lossy).as("bytes of values that count").isEqualTo(9 + 3 + 0 + 2);
    }

    private static List<String> logFiles(CrashingFileSystem disk) {
        return files(disk).stream().filter(name -> name.endsWith(".log")).toList();
    }
}
