package dev.kvdb.engine.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * An inner node: up to {@value #CHILDREN_MAX} children, and between each two of them the separator at which the range
 * of the right one begins.
 *
 * <p>Separators and the number of children never change; a node with others is a new node. A child may be replaced in
 * place by another one for the same range.
 */
final class Inner extends Node {

    static final int CHILDREN_MAX = 256;

    private static final int OBJECT_BYTES = 24;
    private static final int REFERENCE_BYTES = 4;
    private static final VarHandle CHILD = MethodHandles.arrayElementVarHandle(Node[].class);

    private final long[] separators;
    private final Node[] children;

    /** Takes the arrays over. */
    Inner(long[] separators, Node[] children) {
        this.separators = separators;
        this.children = children;
    }

    @Override
    int count() {
        return children.length;
    }

    @Override
    int countMax() {
        return CHILDREN_MAX;
    }

    @Override
    long memoryBytes() {
        return OBJECT_BYTES + arrayBytes(separators.length, Long.BYTES) + arrayBytes(children.length, REFERENCE_BYTES);
    }

    @Override
    int keyCount() {
        return separators.length;
    }

    @Override
    long key(int position) {
        return separators[position];
    }

    /** The slot of the child whose range holds the key; {@code low} and {@code high} are the range of this node. */
    int slotOf(long key, long low, long high) {
        int position = positionOf(key, low, high);
        return position < 0 ? -1 - position : position + 1;
    }

    Node child(int slot) {
        return (Node) CHILD.getAcquire(children, slot);
    }

    /** Puts another node for the same range in a child's place. */
    void setChild(int slot, Node child) {
        CHILD.setRelease(children, slot, child);
    }

    /** The least key of a child's range, given that of this node. */
    long lowOf(int slot, long low) {
        return slot == 0 ? low : separators[slot - 1];
    }

    /** The greatest key of a child's range, given that of this node. */
    long highOf(int slot, long high) {
        return slot == separators.length ? high : separators[slot] - 1;
    }

    /** The separator left of a slot other than the first. */
    long separatorBefore(int slot) {
        return separators[slot - 1];
    }

    /** With two children in the place of one. */
    Inner withSplit(int slot, Node left, long separator, Node right) {
        long[] moreSeparators = new long[separators.length + 1];
        System.arraycopy(separators, 0, moreSeparators, 0, slot);
        moreSeparators[slot] = separator;
        System.arraycopy(separators, slot, moreSeparators, slot + 1, separators.length - slot);
        Node[] moreChildren = new Node[children.length + 1];
        System.arraycopy(children, 0, moreChildren, 0, slot);
        moreChildren[slot] = left;
        moreChildren[slot + 1] = right;
        System.arraycopy(children, slot + 1, moreChildren, slot + 2, children.length - slot - 1);
        return new Inner(moreSeparators, moreChildren);
    }

    /** Without a child; its range goes to the left neighbour, or that of the first child to the right one. */
    Inner without(int slot) {
        int last = children.length - 1;
        Node[] fewerChildren = new Node[last];
        System.arraycopy(children, 0, fewerChildren, 0, slot);
        System.arraycopy(children, slot + 1, fewerChildren, slot, last - slot);
        long[] fewerSeparators = new long[Math.max(0, last - 1)];
        int gone = Math.max(0, slot - 1);
        if (last > 0) {
            System.arraycopy(separators, 0, fewerSeparators, 0, gone);
            System.arraycopy(separators, gone + 1, fewerSeparators, gone, last - 1 - gone);
        }
        return new Inner(fewerSeparators, fewerChildren);
    }

    /** With one child in the place of the two at {@code slot} and after it. */
    Inner withMerged(int slot, Node child) {
        Inner merged = without(slot + 1);
        merged.setChild(slot, child);
        return merged;
    }

    /** The children from a slot to before another, and the separators between them. */
    Inner slice(int from, int to) {
        return new Inner(Arrays.copyOfRange(separators, from, to - 1), Arrays.copyOfRange(children, from, to));
    }

    @Override
    Node mergedWith(long separator, Node right) {
        Inner other = (Inner) right;
        long[] allSeparators = Arrays.copyOf(separators, separators.length + 1 + other.separators.length);
        allSeparators[separators.length] = separator;
        System.arraycopy(other.separators, 0, allSeparators, separators.length + 1, other.separators.length);
        Node[] allChildren = Arrays.copyOf(children, children.length + other.children.length);
        System.arraycopy(other.children, 0, allChildren, children.length, other.children.length);
        return new Inner(allSeparators, allChildren);
    }
}
