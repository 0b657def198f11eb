package dev.kvdb.engine.gc;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Garbage collection is safe whichever victims it takes; {@code -Dkvdb.victims.histories} makes it run longer. */
class RandomVictimsTest {

    private static final int HISTORIES = Integer.getInteger("kvdb.victims.histories", 25);
    private static final int STEPS = 120;

    @Test
    void victimsTakenAtRandom_nothingComesBackAndNothingIsLost() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int history = 0; history < HISTORIES; history++) {
                new RandomVictims(random.split()).run(STEPS);
            }
        });
    }
}
