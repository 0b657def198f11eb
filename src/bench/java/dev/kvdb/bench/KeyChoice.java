package dev.kvdb.bench;

import java.util.SplittableRandom;

/** Chooses the numbers of keys to work on. Not safe for use by several threads. */
interface KeyChoice {

    /** A number from 0 to one less than the count of keys. */
    long next();

    /** All keys alike. */
    static KeyChoice uniform(long count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return () -> random.nextLong(count);
    }

    /** Few keys often, most seldom: Zipf's distribution with the exponent 0.99, as YCSB has it. */
    static KeyChoice zipf(long count, long seed) {
        return new ZipfChoice(count, seed);
    }
}
