package dev.kvdb.engine;

import static dev.kvdb.testkit.FileOperation.SYNC;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.Seeds;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fails the k-th file operation of a run, for all k. */
class StoreFaultTest {

    /** Where the store's threads interleave, a run has a few operations more or less. */
    private static final int MORE_OPERATIONS = 5;

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.Kind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"HOLD", "HOLD_AND_FAIL", "NO_MEMORY"})
    void anyOperationFails_whatWasAcknowledgedIsKept(Fault.Kind kind) throws Exception {
        Seeds.run(seed -> {
            long operations = FaultyRun.operations(seed) + MORE_OPERATIONS;
            LongStream.rangeClosed(1, operations)
                    .parallel()
                    .forEach(k -> FaultyRun.check(
                            SyncPolicy.ALWAYS, Fault.onAnything().nth(k).as(kind), seed));
            System.out.println("faults, " + kind + ": " + operations + " runs, seed " + seed);
            assertThat(operations).isGreaterThan(100);
        });
    }

    /** With the descriptors gone, writes that need a new segment fail; those after them are taken again. */
    @Test
    void anyFileCannotBeMadeOrOpened_storeStaysWritable() throws Exception {
        Seeds.run(seed -> LongStream.rangeClosed(1, 150)
                .parallel()
                .forEach(k -> FaultyRun.checkNoDescriptorLeavesItWritable(k, seed)));
    }

    @Test
    void anySyncFails_storeAcknowledgesNothingMore() throws Exception {
        Seeds.run(seed -> {
            for (SyncPolicy policy : SyncPolicy.values()) {
                LongStream.rangeClosed(1, 60)
                        .parallel()
                        .forEach(k -> FaultyRun.check(policy, Fault.on(SYNC).nth(k), seed));
            }
        });
    }
}
