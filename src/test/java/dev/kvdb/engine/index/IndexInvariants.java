package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

/** Walks the whole tree of an index and checks what must hold whenever no writer is at work. */
final class IndexInvariants {

    private long keys;
    private long memoryBytes;
    private int leafDepth = -1;

    private IndexInvariants() {}

    static void check(OrderedIndex index) {
        IndexInvariants invariants = new IndexInvariants();
        Node root = index.tree().root();
        if (root instanceof Inner) {
            assertThat(root.count()).as("children of an inner root").isGreaterThan(1);
        }
        invariants.checkNode(root, 0, Long.MIN_VALUE, Long.MAX_VALUE);
        assertThat(index.size()).as("size").isEqualTo(invariants.keys);
        assertThat(index.memoryBytes()).as("memory").isEqualTo(invariants.memoryBytes);
    }

    private void checkNode(Node node, int depth, long low, long high) {
        memoryBytes += node.memoryBytes();
        assertThat(node.count()).as("count").isLessThanOrEqualTo(node.countMax());
        if (depth > 0) {
            assertThat(node.count()).as("count below the root").isPositive();
        }
        if (node instanceof Inner inner) {
            checkInner(inner, depth, low, high);
        } else {
            checkLeaf((Leaf) node, depth, low, high);
        }
    }

    private void checkInner(Inner inner, int depth, long low, long high) {
        for (int slot = 0; slot < inner.count(); slot++) {
            long childLow = inner.lowOf(slot, low);
            long childHigh = inner.highOf(slot, high);
            assertThat(childLow).as("range of slot " + slot).isBetween(low, childHigh);
            assertThat(childHigh).as("range of slot " + slot).isLessThanOrEqualTo(high);
            checkNode(inner.child(slot), depth + 1, childLow, childHigh);
        }
    }

    private void checkLeaf(Leaf leaf, int depth, long low, long high) {
        leafDepth = leafDepth < 0 ? depth : leafDepth;
        assertThat(depth).as("depth of a leaf").isEqualTo(leafDepth);
        assertThat(leaf.count()).as("entries").isLessThanOrEqualTo(leaf.capacity());
        assertThat(leaf.isWasteful())
                .as("wasteful at %d of %d", leaf.count(), leaf.capacity())
                .isFalse();
        assertThat(leaf.beginRead() & 1).as("being written").isZero();
        for (int i = 0; i < leaf.count(); i++) {
            long key = leaf.key(i);
            if (key < low || key > high || (i > 0 && key <= leaf.key(i - 1)) || leaf.location(i) == 0) {
                throw new AssertionError(
                        "entry " + i + ": key " + key + " at " + leaf.location(i) + " in range " + low + " to " + high);
            }
        }
        keys += leaf.count();
    }
}
