package dev.kvdb.engine.index;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An ordered map in memory from 64-bit keys to packed record locations, made for hundreds of millions of keys.
 *
 * <p>It is a B+tree whose leaves hold up to 256 entries as byte-packed differences, in arrays sized to their content.
 * Heap used, as measured: 5 to 10 bytes a key for consecutive keys, 14 for 10 million random keys of one log, and 16
 * where neither keys nor locations have anything in common. Removing keys gives their memory back.
 *
 * <p>Threads: every method may be called by any thread. Writers exclude each other. Readers do not wait for them: a
 * look-up is retried when its very leaf changes meanwhile, and after some tries takes the lock of the writers once.
 * Each key is linearizable: what {@link #get} returns is what the key had at some moment during the call, so a change
 * that has returned is seen by all that start later.
 */
public final class OrderedIndex {

    /** The location of a key that is absent; never stored. */
    public static final long ABSENT = 0;

    private final Tree tree;
    private final AtomicLong size;

    /** The writers' own, guarded by the lock of the tree. */
    private final Path path;

    private final Entries scratch = new Entries();

    /** An empty index. */
    public OrderedIndex() {
        this(new Entries().toLeaf());
    }

    private OrderedIndex(Leaf root) {
        this(root, root.memoryBytes(), 0);
    }

    private OrderedIndex(Node root, long memoryBytes, long size) {
        this.tree = new Tree(root, memoryBytes);
        this.path = new Path(root);
        this.size = new AtomicLong(size);
    }

    /** A builder of an index from keys in ascending order, several times as fast as {@link #put}. */
    public static Builder builder() {
        return new Builder();
    }

    /** The location of a key, or {@link #ABSENT}. */
    public long get(long key) {
        Node node = tree.root();
        long low = Long.MIN_VALUE;
        long high = Long.MAX_VALUE;
        while (node instanceof Inner inner) {
            int slot = inner.slotOf(key, low, high);
            low = inner.lowOf(slot, low);
            high = inner.highOf(slot, high);
            node = inner.child(slot);
        }
        return tree.locationIn((Leaf) node, key, low, high);
    }

    /**
     * Sets the location of a key.
     *
     * @return the location before, or {@link #ABSENT}
     * @throws IllegalArgumentException if the location is {@link #ABSENT}
     */
    public long put(long key, long location) {
        requirePresent(location);
        tree.lock().lock();
        try {
            int position = find(key);
            if (position < 0) {
                insert(-1 - position, key, location);
                size.setRelease(size.getPlain() + 1);
                return ABSENT;
            }
            long previous = path.leaf().location(position);
            setLocation(position, location);
            return previous;
        } finally {
            tree.lock().unlock();
        }
    }

    /**
     * Removes a key.
     *
     * @return the location before, or {@link #ABSENT}
     */
    public long remove(long key) {
        tree.lock().lock();
        try {
            int position = find(key);
            if (position < 0) {
                return ABSENT;
            }
            Leaf leaf = path.leaf();
            long previous = leaf.location(position);
            leaf.remove(position);
            size.setRelease(size.getPlain() - 1);
            if (leaf.isWasteful()) {
                tree.shrinkLeaf(path, scratch.copyFrom(leaf, 0).toLeaf());
            } else if (leaf.isSmall()) {
                tree.shrinkLeaf(path, leaf);
            }
            return previous;
        } finally {
            tree.lock().unlock();
        }
    }

    /**
     * Sets the location of a key if it is still the expected one.
     *
     * @return whether it was
     * @throws IllegalArgumentException if either location is {@link #ABSENT}
     */
    public boolean replace(long key, long expected, long location) {
        requirePresent(expected);
        requirePresent(location);
        tree.lock().lock();
        try {
            int position = find(key);
            if (position < 0 || path.leaf().location(position) != expected) {
                return false;
            }
            setLocation(position, location);
            return true;
        } finally {
            tree.lock().unlock();
        }
    }

    /** The number of keys. */
    public long size() {
        return size.get();
    }

    /**
     * The heap bytes that this index holds: its nodes and their arrays, as HotSpot lays them out with compressed
     * references and class pointers. Without these (heaps beyond 32 GiB) it is some percent more.
     */
    public long memoryBytes() {
        return tree.memoryBytes();
    }

    /** A cursor before the first key that is at least {@code fromKey}. */
    public Cursor cursor(long fromKey) {
        return new Cursor(tree, fromKey);
    }

    /** All entries in packed leaves, for a snapshot. */
    public PackedLeaves packedLeaves() {
        return new PackedLeaves(cursor(Long.MIN_VALUE));
    }

    Tree tree() {
        return tree;
    }

    private static void requirePresent(long location) {
        if (location == ABSENT) {
            throw new IllegalArgumentException("location 0 means absent and cannot be stored");
        }
    }

    private int find(long key) {
        path.descend(tree.root(), key);
        return path.leaf().positionOf(key, path.low(), path.high());
    }

    private void setLocation(int position, long location) {
        Leaf leaf = path.leaf();
        if (leaf.canHold(location)) {
            leaf.setLocation(position, location);
        } else {
            scratch.copyFrom(leaf, 0).setLocation(position, location);
            tree.replaceLeaf(path, scratch.toLeaf());
        }
    }

    private void insert(int position, long key, long location) {
        Leaf leaf = path.leaf();
        if (leaf.canInsert(key, location)) {
            leaf.insert(position, key, location);
            return;
        }
        scratch.copyFrom(leaf, 0).insert(position, key, location);
        if (scratch.count() <= leaf.countMax()) {
            tree.replaceLeaf(path, scratch.toLeaf());
        } else {
            split(position);
        }
    }

    /**
     * Splits an overflowing leaf in halves, unless the key at {@code inserted} came in at an end: such keys often
     * arrive in order, so this one starts a leaf of its own, and the gap between the leaves becomes part of its range.
     */
    private void split(int inserted) {
        int last = scratch.count() - 1;
        int cut = inserted == last ? last : inserted == 0 ? 1 : scratch.count() / 2;
        long separator = inserted == last ? scratch.key(last - 1) + 1 : scratch.key(cut);
        tree.splitLeaf(path, scratch.toLeaf(0, cut), separator, scratch.toLeaf(cut, scratch.count()));
    }

    /** Builds an index from the bottom up, with full leaves. For one thread and one index. */
    public static final class Builder {

        /** Single keys are held back, so that those before a packed leaf need not be a leaf of a few. */
        private static final int PENDING_MAX = 2 * Leaf.ENTRIES_MAX;

        private final Entries pending = new Entries(PENDING_MAX);
        private List<Node> nodes = new ArrayList<>();

        /** The least key of each node's range; the first one has no say. */
        private List<Long> lows = new ArrayList<>();

        private long memoryBytes;
        private long size;
        private long lastKey;

        private Builder() {}

        /**
         * Adds a key.
         *
         * @throws IllegalArgumentException if the key is not greater than the one before, or the location is
         *     {@link #ABSENT}
         */
        public Builder add(long key, long location) {
            requirePresent(location);
            requireAscending(key);
            if (pending.count() == PENDING_MAX) {
                finishLeaf(0, Leaf.ENTRIES_MAX);
                pending.dropFirst(Leaf.ENTRIES_MAX);
            }
            pending.add(key, location);
            lastKey = key;
            size++;
            return this;
        }

        /**
         * Adds all keys of a leaf, which from now on belongs to the index. Its keys must ascend, and none of its
         * locations be {@link #ABSENT}.
         *
         * @throws IllegalArgumentException if its first key is not greater than the one before
         */
        public Builder addLeaf(PackedLeaf packed) {
            requireAscending(packed.key(0));
            Leaf leaf = packed.leaf();
            if (pending.count() > 0 && pending.count() < Leaf.ENTRIES_MAX / 3) {
                pending.append(leaf, 0, leaf.count());
            } else {
                finishPending(pending.count() / 2);
                lows.add(leaf.key(0));
                finish(leaf);
            }
            lastKey = packed.lastKey();
            size += packed.count();
            return this;
        }

        /**
         * Adds some of the keys of a leaf, whose keys must ascend, and none of whose locations be {@link #ABSENT}.
         *
         * @param to behind the last one
         * @throws IllegalArgumentException if the first of these keys is not greater than the one before
         */
        public Builder addEntries(PackedLeaf packed, int from, int to) {
            if (from < to) {
                requireAscending(packed.key(from));
                if (pending.count() + to - from > PENDING_MAX) {
                    finishLeaf(0, Leaf.ENTRIES_MAX);
                    pending.dropFirst(Leaf.ENTRIES_MAX);
                }
                pending.append(packed.leaf(), from, to);
                lastKey = packed.key(to - 1);
                size += to - from;
            }
            return this;
        }

        /** Keys added. */
        public long size() {
            return size;
        }

        /** Heap bytes of the leaves made so far. */
        public long memoryBytes() {
            return memoryBytes;
        }

        /** The index of all keys added. */
        public OrderedIndex build() {
            finishPending(Leaf.ENTRIES_MAX);
            if (nodes.isEmpty()) {
                return new OrderedIndex();
            }
            while (nodes.size() > 1) {
                buildLevel();
            }
            return new OrderedIndex(nodes.get(0), memoryBytes, size);
        }

        private void requireAscending(long key) {
            if (size > 0 && key <= lastKey) {
                throw new IllegalArgumentException("key " + key + " does not ascend from " + lastKey);
            }
        }

        /** @param cut how many keys the first leaf gets where one does not hold all */
        private void finishPending(int cut) {
            int count = pending.count();
            if (count > Leaf.ENTRIES_MAX) {
                finishLeaf(0, cut);
                finishLeaf(cut, count);
            } else if (count > 0) {
                finishLeaf(0, count);
            }
            pending.dropAll();
        }

        private void finishLeaf(int from, int to) {
            lows.add(pending.key(from));
            finish(pending.toLeaf(from, to));
        }

        private void buildLevel() {
            List<Node> children = nodes;
            List<Long> childLows = lows;
            nodes = new ArrayList<>();
            lows = new ArrayList<>();
            for (int from = 0; from < children.size(); from += Inner.CHILDREN_MAX) {
                int to = Math.min(from + Inner.CHILDREN_MAX, children.size());
                long[] separators = childLows.subList(from + 1, to).stream()
                        .mapToLong(Long::longValue)
                        .toArray();
                lows.add(childLows.get(from));
                finish(new Inner(separators, children.subList(from, to).toArray(new Node[0])));
            }
        }

        private void finish(Node node) {
            nodes.add(node);
            memoryBytes += node.memoryBytes();
        }
    }
}
