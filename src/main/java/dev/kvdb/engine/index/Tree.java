package dev.kvdb.engine.index;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The tree itself: its root, the lock of its writers, and the changes to its structure.
 *
 * <p>All leaves are equally deep, the root is no inner node of one child, and only the root may be an empty leaf. A
 * change replaces nodes from the leaf up to where one fits in place; the replaced nodes stay as they were, for the
 * readers that are still in them.
 *
 * <p>Threads: {@link #root}, {@link #memoryBytes} and the reads of a leaf are for any thread, all else for the holder
 * of the lock.
 */
final class Tree {

    /**
     * How often a reader tries again before it queues for the lock. A change takes less than a microsecond, unless its
     * thread lost the CPU.
     */
    private static final int OPTIMISTIC_READS_MAX = 50;

    private final Lock lock = new ReentrantLock();
    private final AtomicLong memoryBytes = new AtomicLong();
    private volatile Node root;

    Tree(Node root, long memoryBytes) {
        this.root = root;
        this.memoryBytes.set(memoryBytes);
    }

    Lock lock() {
        return lock;
    }

    Node root() {
        return root;
    }

    long memoryBytes() {
        return memoryBytes.get();
    }

    /** The location of a key in the leaf that a reader reached, whose range is from {@code low} to {@code high}. */
    long locationIn(Leaf leaf, long key, long low, long high) {
        for (int i = 0; i < OPTIMISTIC_READS_MAX; i++) {
            long stamp = leaf.beginRead();
            int position = leaf.positionOf(key, low, high);
            long location = position < 0 ? OrderedIndex.ABSENT : leaf.location(position);
            if (leaf.unchangedSince(stamp)) {
                return location;
            }
            Thread.onSpinWait();
        }
        lock.lock();
        try {
            int position = leaf.positionOf(key, low, high);
            return position < 0 ? OrderedIndex.ABSENT : leaf.location(position);
        } finally {
            lock.unlock();
        }
    }

    /** Copies out the entries of a reader's path: those of its leaf that are in the range, from a key on. */
    void copyOut(Path path, long fromKey, Entries target) {
        Leaf leaf = path.leaf();
        for (int i = 0; i < OPTIMISTIC_READS_MAX; i++) {
            long stamp = leaf.beginRead();
            copyRange(path, fromKey, target);
            if (leaf.unchangedSince(stamp)) {
                return;
            }
            Thread.onSpinWait();
        }
        lock.lock();
        try {
            copyRange(path, fromKey, target);
        } finally {
            lock.unlock();
        }
    }

    /** Leaves out keys beyond the range: the leaf may have taken over that of an emptied neighbour meanwhile. */
    private static void copyRange(Path path, long fromKey, Entries target) {
        Leaf leaf = path.leaf();
        target.copyFrom(leaf, leaf.positionAtLeast(fromKey, path.low(), path.high()));
        target.dropAbove(path.high());
    }

    /** Puts a node for the same range in the place of the leaf at the end of the path. */
    void replaceLeaf(Path path, Leaf leaf) {
        account(leaf.memoryBytes() - path.leaf().memoryBytes());
        link(path, path.depth(), leaf);
    }

    /**
     * Puts two leaves in the place of the one at the end of the path, and splits the inner nodes that overflow by that.
     */
    void splitLeaf(Path path, Leaf leftLeaf, long leafSeparator, Leaf rightLeaf) {
        Node left = leftLeaf;
        Node right = rightLeaf;
        long separator = leafSeparator;
        account(left.memoryBytes() + right.memoryBytes() - path.leaf().memoryBytes());
        for (int level = path.depth() - 1; level >= 0; level--) {
            Inner parent = path.inner(level);
            Inner grown = parent.withSplit(path.slot(level), left, separator, right);
            if (grown.count() <= grown.countMax()) {
                account(grown.memoryBytes() - parent.memoryBytes());
                link(path, level, grown);
                return;
            }
            int cut = grown.count() / 2;
            left = grown.slice(0, cut);
            right = grown.slice(cut, grown.count());
            separator = grown.separatorBefore(cut);
            account(left.memoryBytes() + right.memoryBytes() - parent.memoryBytes());
        }
        Inner top = new Inner(new long[] {separator}, new Node[] {left, right});
        account(top.memoryBytes());
        root = top;
    }

    /**
     * Puts a leaf with fewer entries in the place of the one at the end of the path (or the same, if it was changed in
     * place); unlinks it when it is empty, merges it with a neighbour when both are small, and does likewise with its
     * ancestors.
     */
    void shrinkLeaf(Path path, Leaf leaf) {
        Node node = leaf;
        account(leaf.memoryBytes() - path.leaf().memoryBytes());
        for (int level = path.depth() - 1; level >= 0; level--) {
            Inner parent = path.inner(level);
            Inner smaller;
            if (node.count() == 0) {
                smaller = parent.without(path.slot(level));
                account(-node.memoryBytes());
            } else {
                smaller = mergedWithNeighbour(parent, path.slot(level), node);
            }
            if (smaller == parent) {
                link(path, level + 1, node);
                return;
            }
            account(smaller.memoryBytes() - parent.memoryBytes());
            node = smaller;
        }
        root = withoutNeedlessLevels(node);
    }

    /** The parent with one child less, or the same parent if neither neighbour is small enough to merge with. */
    private Inner mergedWithNeighbour(Inner parent, int slot, Node node) {
        if (slot + 1 < parent.count() && fitTogether(node, parent.child(slot + 1))) {
            return merged(parent, slot, node, parent.child(slot + 1));
        }
        if (slot > 0 && fitTogether(node, parent.child(slot - 1))) {
            return merged(parent, slot - 1, parent.child(slot - 1), node);
        }
        return parent;
    }

    /** Whether one of the nodes is small, and together they leave room for more. */
    private static boolean fitTogether(Node node, Node neighbour) {
        return node.count() < node.countMax() / 3 && node.count() + neighbour.count() <= node.countMax() * 3 / 4;
    }

    private Inner merged(Inner parent, int slot, Node left, Node right) {
        Node both = left.mergedWith(parent.separatorBefore(slot + 1), right);
        account(both.memoryBytes() - left.memoryBytes() - right.memoryBytes());
        return parent.withMerged(slot, both);
    }

    private Node withoutNeedlessLevels(Node top) {
        Node node = top;
        while (node instanceof Inner inner && inner.count() == 1) {
            account(-inner.memoryBytes());
            node = inner.child(0);
        }
        return node;
    }

    private void link(Path path, int level, Node node) {
        if (level == 0) {
            root = node;
        } else {
            path.inner(level - 1).setChild(path.slot(level - 1), node);
        }
    }

    private void account(long bytes) {
        memoryBytes.setRelease(memoryBytes.getPlain() + bytes);
    }
}
