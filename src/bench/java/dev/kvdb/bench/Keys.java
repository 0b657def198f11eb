package dev.kvdb.bench;

/**
 * The keys of a measurement: the numbers 0 to n - 1, each made a key. Immutable.
 *
 * @param seed chooses the random keys
 * @param dense whether a key is its number; else it is a random one, different for each number
 */
record Keys(long seed, boolean dense) {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    long key(long number) {
        return dense ? number : mix(number * GOLDEN + seed);
    }

    /** A bijection without visible order: the finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
