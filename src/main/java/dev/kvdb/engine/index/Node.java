package dev.kvdb.engine.index;

/**
 * A node of the tree: a {@link Leaf} of entries or an {@link Inner} node of children.
 *
 * <p>A node is responsible for a range of keys that its ancestors know and it does not. Once a node is unlinked from
 * the tree it never changes again, so a reader that still holds it sees the entries of that moment, which lies after
 * the reader began: an answer from it is linearizable.
 */
abstract sealed class Node permits Leaf, Inner {

    private static final int ARRAY_HEADER_BYTES = 16;

    /** The first step away from a guess. Among a hundred or more random keys, a guess is off by about as much. */
    private static final int GALLOP_STEP = 8;

    /** Entries of a leaf, or children of an inner node. */
    abstract int count();

    /** The count at which a node of this kind is full. */
    abstract int countMax();

    /** The number of keys that order this node: those of a leaf's entries, or an inner node's separators. */
    abstract int keyCount();

    /** One of these keys, which ascend with the position. */
    abstract long key(int position);

    /** Estimated heap bytes of this node and its arrays, children excluded. */
    abstract long memoryBytes();

    /**
     * A new node with the content of this one followed by that of its right neighbour, whose range begins at
     * {@code separator}.
     */
    abstract Node mergedWith(long separator, Node right);

    /**
     * The position of a key among those of this node, or {@code -1 - p} if it is absent and belongs before position p.
     *
     * <p>Guesses by interpolation in the range of this node, gallops on from there, and ends with a binary search. Keys
     * that are spread evenly cost one or two cache lines; the worst distribution, twice the steps of a binary search.
     *
     * @param low the least key of this node's range
     * @param high the greatest key of this node's range
     */
    final int positionOf(long key, long low, long high) {
        int size = keyCount();
        if (size == 0) {
            return -1;
        }
        int guess = guess(key, low, high, size);
        long found = key(guess);
        if (found == key) {
            return guess;
        }
        int step = GALLOP_STEP;
        if (found < key) {
            int from = guess + 1;
            while (guess + step < size && key(guess + step) < key) {
                from = guess + step + 1;
                step *= 2;
            }
            return binarySearch(key, from, Math.min(size, guess + step + 1));
        }
        int to = guess;
        while (guess - step >= 0 && key(guess - step) > key) {
            to = guess - step;
            step *= 2;
        }
        return binarySearch(key, Math.max(0, guess - step), to);
    }

    private int binarySearch(long key, int first, int end) {
        int from = first;
        int to = end;
        while (from < to) {
            int middle = (from + to) >>> 1;
            long found = key(middle);
            if (found == key) {
                return middle;
            }
            if (found < key) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return -1 - from;
    }

    /** Where the key would be if keys were spread evenly over the range; any position is a valid guess. */
    private static int guess(long key, long low, long high, int size) {
        long distance = key - low;
        long span = high - low;
        if (span < 0) {
            distance >>>= 1;
            span >>>= 1;
        }
        double fraction = distance / (span + 1.0);
        return Math.max(0, Math.min(size - 1, (int) (fraction * size)));
    }

    /** Heap bytes of an array as HotSpot lays it out with compressed references. */
    static long arrayBytes(long length, int elementBytes) {
        return (ARRAY_HEADER_BYTES + length * elementBytes + 7) & ~7L;
    }
}
