package dev.kvdb.engine.gc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Deleted stays deleted: invariant 6 of the design in a model of its own, which also shows that it finds each rule
 * broken. {@code -Dkvdb.tombstone.histories} makes it run longer.
 */
class TombstoneModelTest {

    private static final int HISTORIES = Integer.getInteger("kvdb.tombstone.histories", 60_000);

    /** The mutants are looked for under a seed that is known to find them. */
    private static final long SEED_OF_MUTANTS = 42;

    @Test
    void randomHistories_nothingComesBackAndNothingIsLost() throws Exception {
        Seeds.run(seed -> assertThat(firstFailure(seed, HISTORIES, null)).isNull());
    }

    @ParameterizedTest
    @EnumSource
    void brokenRule_isFound(TombstoneMutant mutant) {
        assertThat(firstFailure(SEED_OF_MUTANTS, HISTORIES, mutant)).isNotNull();
    }

    private static @Nullable String firstFailure(long seed, int histories, @Nullable TombstoneMutant mutant) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int history = 0; history < histories; history++) {
            String failure = new TombstoneModel(random.split(), mutant).run();
            if (failure != null) {
                return "history " + history + ": " + failure;
            }
        }
        return null;
    }
}
