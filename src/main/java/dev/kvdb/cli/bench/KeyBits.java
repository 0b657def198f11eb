package dev.kvdb.cli.bench;

import java.util.concurrent.atomic.AtomicIntegerArray;

/** A set of indices of keys, a bit each. Safe for use by several threads. */
final class KeyBits {

    private final AtomicIntegerArray words;

    /** @param keys how many keys there are; indices are from 0 to one less */
    KeyBits(int keys) {
        words = new AtomicIntegerArray(keys / Integer.SIZE + 1);
    }

    void add(int index) {
        if (!contains(index)) {
            words.accumulateAndGet(index / Integer.SIZE, 1 << index, (bits, bit) -> bits | bit);
        }
    }

    boolean contains(int index) {
        return (words.get(index / Integer.SIZE) & (1 << index)) != 0;
    }
}
