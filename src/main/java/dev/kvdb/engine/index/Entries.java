package dev.kvdb.engine.index;

/**
 * Unpacked entries in ascending order of keys, by default one more than fit in a leaf: what leaves are built from and
 * copied out to.
 *
 * <p>For one thread at a time.
 */
final class Entries {

    private final long[] keys;
    private final long[] locations;
    private int count;

    Entries() {
        this(Leaf.ENTRIES_MAX + 1);
    }

    /** With room for so many entries. */
    Entries(int capacity) {
        keys = new long[capacity];
        locations = new long[capacity];
    }

    int count() {
        return count;
    }

    void add(long key, long location) {
        keys[count] = key;
        locations[count] = location;
        count++;
    }

    void dropAll() {
        count = 0;
    }

    void dropFirst(int entries) {
        count -= entries;
        System.arraycopy(keys, entries, keys, 0, count);
        System.arraycopy(locations, entries, locations, 0, count);
    }

    /** Becomes the entries of a leaf from a position on. */
    Entries copyFrom(Leaf leaf, int from) {
        count = 0;
        return append(leaf, from, leaf.count());
    }

    /** Adds the entries of a leaf from a position to before another. */
    Entries append(Leaf leaf, int from, int to) {
        for (int i = from; i < to; i++) {
            add(leaf.key(i), leaf.location(i));
        }
        return this;
    }

    /** Drops the entries with keys above a limit. */
    void dropAbove(long keyMax) {
        while (count > 0 && keys[count - 1] > keyMax) {
            count--;
        }
    }

    void insert(int position, long key, long location) {
        System.arraycopy(keys, position, keys, position + 1, count - position);
        System.arraycopy(locations, position, locations, position + 1, count - position);
        keys[position] = key;
        locations[position] = location;
        count++;
    }

    long key(int position) {
        return keys[position];
    }

    long location(int position) {
        return locations[position];
    }

    void setLocation(int position, long location) {
        locations[position] = location;
    }

    /** All entries as a leaf with a little room to grow. */
    Leaf toLeaf() {
        return toLeaf(0, count);
    }

    /** The entries from a position to before another as a leaf with a little room to grow. */
    Leaf toLeaf(int from, int to) {
        return new Leaf(this, from, to, Leaf.capacityFor(to - from));
    }

    long locationMin(int from, int to) {
        long min = Long.MAX_VALUE;
        for (int i = from; i < to; i++) {
            min = Math.min(min, locations[i]);
        }
        return min;
    }

    long locationMax(int from, int to) {
        long max = Long.MIN_VALUE;
        for (int i = from; i < to; i++) {
            max = Math.max(max, locations[i]);
        }
        return max;
    }
}
