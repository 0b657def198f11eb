package dev.kvdb.engine.cache;

/**
 * Which keys were asked for lately, roughly: a table of fingerprints in which each key has one place, and takes it from
 * whichever had it before. So a key is forgotten after about as many others as there are places. Once in 65,536 times a
 * key passes for the one before it.
 *
 * <p>Safe for use by several threads, without locks: where they meet, one may forget what the other noted.
 */
final class RecentKeys {

    private static final int PLACES_MAX = 1 << 24;

    private final short[] fingerprints;
    private final int shift;

    /** @param places rounded down to a power of two, at least 2 */
    RecentKeys(long places) {
        int count = Integer.highestOneBit((int) Math.max(2, Math.min(places, PLACES_MAX)));
        fingerprints = new short[count];
        shift = Long.numberOfLeadingZeros(count - 1L);
    }

    /** Bytes of the table. */
    long bytes() {
        return (long) fingerprints.length * Short.BYTES;
    }

    /** Notes a key; returns whether it was remembered from before. */
    boolean note(long key) {
        long hash = mix(key);
        int place = (int) (hash >>> shift);
        short low = (short) hash;
        // In an empty place there is 0.
        short fingerprint = low == 0 ? 1 : low;
        if (fingerprints[place] == fingerprint) {
            return true;
        }
        fingerprints[place] = fingerprint;
        return false;
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
    private static long mix(long key) {
        long hash = (key ^ (key >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }
}
