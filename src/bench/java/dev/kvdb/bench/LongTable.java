package dev.kvdb.bench;

/** The plainest index that there is: linear probing in one array, at most three quarters full. A bound, not a peer. */
final class LongTable {

    private static final long NONE = -1;

    /** Key, value, key, value; a value of -1 marks a free place. */
    private final long[] places;

    private final int mask;

    /** @param count how many keys will be put at most */
    LongTable(int count) {
        int capacity = Integer.highestOneBit(Math.max(1, count) * 4 / 3) * 2;
        this.mask = capacity - 1;
        this.places = new long[2 * capacity];
        for (int place = 0; place < capacity; place++) {
            places[2 * place + 1] = NONE;
        }
    }

    /** @param value 0 or more */
    void put(long key, long value) {
        int place = place(key);
        places[2 * place] = key;
        places[2 * place + 1] = value;
    }

    /** The key's value, or -1. */
    long get(long key) {
        return places[2 * place(key) + 1];
    }

    long bytes() {
        return (long) places.length * Long.BYTES;
    }

    /** Where the key is, or would be put. */
    private int place(long key) {
        int place = (int) Keys.mix(key) & mask;
        while (places[2 * place + 1] != NONE && places[2 * place] != key) {
            place = (place + 1) & mask;
        }
        return place;
    }
}
