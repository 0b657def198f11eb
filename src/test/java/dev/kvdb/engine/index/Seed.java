package dev.kvdb.engine.index;

import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;

/** The randomness of a test: new in each run, printed, and replayed with {@code -Dkvdb.seed=...}. */
final class Seed {

    private Seed() {}

    static SplittableRandom random(String test) {
        long seed = Long.getLong("kvdb.seed", ThreadLocalRandom.current().nextLong());
        System.out.println(test + ": -Dkvdb.seed=" + seed);
        return new SplittableRandom(seed);
    }
}
