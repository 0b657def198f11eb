package dev.kvdb.engine;

import java.util.random.RandomGenerator;

/** A source of random numbers for several threads. */
final class SharedRandom implements RandomGenerator {

    private final RandomGenerator random;

    SharedRandom(RandomGenerator random) {
        this.random = random;
    }

    @Override
    public synchronized long nextLong() {
        return random.nextLong();
    }
}
