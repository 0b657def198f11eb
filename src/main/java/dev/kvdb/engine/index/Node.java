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

    /** Entries of a leaf, or children of an inner node. */
    abstract int count();

    /** The count at which a node of this kind is full. */
    abstract int countMax();

    /** Estimated heap bytes of this node and its arrays, children excluded. */
    abstract long memoryBytes();

    /**
     * A new node with the content of this one followed by that of its right neighbour, whose range begins at
     * {@code separator}.
     */
    abstract Node mergedWith(long separator, Node right);

    /** Heap bytes of an array as HotSpot lays it out with compressed references. */
    static long arrayBytes(long length, int elementBytes) {
        return (ARRAY_HEADER_BYTES + length * elementBytes + 7) & ~7L;
    }
}
