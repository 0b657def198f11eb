package dev.kvdb.engine.index;

import java.util.Arrays;

/**
 * The way from the root to the leaf whose range holds a key: each inner node with the slot taken, and the range of the
 * leaf.
 *
 * <p>For one thread at a time.
 */
final class Path {

    /**
     * Far beyond what memory can hold: siblings that could share one node are merged, so nodes have some 100 children
     * on average.
     */
    private static final int DEPTH_MAX = 16;

    private final Inner[] nodes = new Inner[DEPTH_MAX];
    private final int[] slots = new int[DEPTH_MAX];
    private int depth;
    private Leaf leaf;
    private long low;
    private long high;

    /** A path to the leaf of the least key. */
    Path(Node root) {
        descend(root, Long.MIN_VALUE);
    }

    void descend(Node root, long key) {
        Node node = root;
        int depthBefore = depth;
        depth = 0;
        low = Long.MIN_VALUE;
        high = Long.MAX_VALUE;
        while (node instanceof Inner inner) {
            int slot = inner.slotOf(key, low, high);
            nodes[depth] = inner;
            slots[depth] = slot;
            depth++;
            low = inner.lowOf(slot, low);
            high = inner.highOf(slot, high);
            node = inner.child(slot);
        }
        leaf = (Leaf) node;
        if (depth < depthBefore) {
            forgetNodesBelow(depthBefore);
        }
    }

    /** Lets go of nodes that the tree may have dropped, each with up to a megabyte of leaves. */
    private void forgetNodesBelow(int depthBefore) {
        Arrays.fill(nodes, depth, depthBefore, null);
    }

    /** The number of inner nodes above the leaf. */
    int depth() {
        return depth;
    }

    /** The inner node at a level, 0 being the root's. */
    Inner inner(int level) {
        return nodes[level];
    }

    /** The slot taken in {@link #inner} of that level. */
    int slot(int level) {
        return slots[level];
    }

    Leaf leaf() {
        return leaf;
    }

    /** The least key of the leaf's range. */
    long low() {
        return low;
    }

    /** The greatest key of the leaf's range. */
    long high() {
        return high;
    }
}
