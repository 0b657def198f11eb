package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.CrashWorkload.Plan;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.Seeds;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Crashes at every file operation of seeded workloads.
 *
 * <p>The system property {@code kvdb.crash.states} says how many different crashed states to try at least;
 * {@code kvdb.seed} replays a workload.
 */
class StoreCrashTest {

    private static final int STATES = Integer.getInteger("kvdb.crash.states", 100_000);
    private static final int VARIANTS = 20;

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void crashAnywhere_whenWritesAreSynced_losesNothing() throws Exception {
        crash("always, one writer", new Plan(SyncPolicy.ALWAYS, 1, 60, 40, 4_500, 7, false, 0.3, 0, 0), 0, STATES / 5);
    }

    @Test
    void crashAnywhere_whenWritersShareSyncsAndGarbageIsCollectedBesideThem_losesNothing() throws Exception {
        crash(
                "always, three writers",
                new Plan(SyncPolicy.ALWAYS, 3, 28, 40, 4_500, 7, true, 0.2, 0, 0),
                0,
                STATES / 5);
    }

    @Test
    void crashAnywhere_whenSmallGroupsAreWrittenOverZeros_losesNothing() throws Exception {
        crash("zeros ahead", new Plan(SyncPolicy.ALWAYS, 2, 150, 60, 300, 4, false, 0.3, 5, 0), 6, STATES / 10);
    }

    @Test
    void crashAnywhere_whenTheSystemDecidesOnSyncs_keepsAPrefix() throws Exception {
        crash("os", new Plan(SyncPolicy.OS, 2, 40, 40, 4_500, 8, true, 0.3, 0, 0), 0, STATES * 3 / 20);
    }

    @Test
    void crashAnywhere_whenSyncedAtIntervals_keepsAPrefix() throws Exception {
        crash("interval", new Plan(SyncPolicy.INTERVAL, 2, 35, 40, 4_500, 8, true, 0.3, 0, 0), 0, STATES / 10);
    }

    @Test
    void crashAfterMuchGarbageCollection_resurrectsNothing() throws Exception {
        crash(
                "tombstones, always",
                new Plan(SyncPolicy.ALWAYS, 1, 300, 60, 8_000, 12, false, 0.6, 0, 0),
                30,
                STATES / 10);
        crash("tombstones, os", new Plan(SyncPolicy.OS, 1, 300, 60, 8_000, 12, false, 0.6, 0, 0), 30, STATES / 10);
    }

    @Test
    void crashAfterTheDiskWasFull_refusedWritesStayAway() throws Exception {
        crash("full disks", new Plan(SyncPolicy.ALWAYS, 1, 40, 30, 3_000, 6, false, 0.3, 40, 0), 0, STATES * 3 / 40);
    }

    @Test
    void crashWhileRollsFail_losesNothingAndRefusedWritesStayAway() throws Exception {
        crash(
                "rolls that fail",
                new Plan(SyncPolicy.ALWAYS, 1, 25, 30, 3_000, 10, false, 0.3, 0, 30),
                0,
                STATES * 3 / 40);
    }

    private static void crash(String name, Plan plan, int placesSkippedMax, int statesMin) throws Exception {
        Seeds.run(seed -> {
            int states = 0;
            int runs = 0;
            while (states < statesMin) {
                CrashingFileSystem files = CrashWorkload.run(plan, seed + runs);
                states += new CrashHarness(files, plan.options(), seed + runs)
                        .run(VARIANTS, placesSkippedMax, Integer.MAX_VALUE);
                runs++;
            }
            System.out.println("crash states, " + name + ": " + states + " of " + runs + " runs, seed " + seed);
            assertThat(states).isGreaterThanOrEqualTo(statesMin);
        });
    }
}
