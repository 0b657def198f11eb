package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The store agrees with a {@link java.util.TreeMap} through random writes, reads, collections, restarts and crashes, on
 * files in memory and whatever the wall clock does. {@code -Dkvdb.model.operations} makes it run longer.
 */
class StoreModelTest {

    private static final int OPERATIONS = Integer.getInteger("kvdb.model.operations", 1_000_000);
    private static final int OPERATIONS_PER_HISTORY = 1_000;

    /** A few histories may have options with which no store collects by itself. */
    private static final int MANY_OPERATIONS = 100_000;

    @Test
    void randomHistories_agreeWithATreeMap() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            long ownCollections = 0;
            for (int done = 0; done < OPERATIONS; done += OPERATIONS_PER_HISTORY) {
                ownCollections += new StoreModel(random.split()).run(OPERATIONS_PER_HISTORY);
            }
            System.out.println(OPERATIONS + " operations, beside " + ownCollections
                    + " collections of the stores' own, seed " + seed);
            if (OPERATIONS >= MANY_OPERATIONS) {
                assertThat(ownCollections)
                        .as("collections of the stores' own")
                        .isGreaterThanOrEqualTo(OPERATIONS / OPERATIONS_PER_HISTORY / 10);
            }
        });
    }
}
