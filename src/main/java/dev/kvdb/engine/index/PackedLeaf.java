package dev.kvdb.engine.index;

import dev.kvdb.engine.format.LeafHeader;
import java.nio.ByteBuffer;

/**
 * A leaf outside of any index: read from a snapshot, or made for one. Its bytes in a snapshot are those in memory, so
 * that neither way takes it apart.
 *
 * <p>Never changes until an {@linkplain OrderedIndex.Builder#addLeaf index takes it over}; may be read by any thread up
 * to then.
 */
public final class PackedLeaf {

    private final Leaf leaf;

    PackedLeaf(Leaf leaf) {
        this.leaf = leaf;
    }

    /**
     * Copies a leaf's entries out of {@code source}, from its position on.
     *
     * @param header how they are packed, as {@link LeafHeader#decode} checked it; entries may be in any order
     */
    public static PackedLeaf read(LeafHeader header, ByteBuffer source) {
        return new PackedLeaf(new Leaf(header, source));
    }

    /** How many entries there are, at least 1. */
    public int count() {
        return leaf.count();
    }

    /** The key of an entry. */
    public long key(int position) {
        return leaf.key(position);
    }

    /** The greatest key, where keys ascend. */
    public long lastKey() {
        return leaf.key(leaf.count() - 1);
    }

    /** The location of an entry. */
    public long location(int position) {
        return leaf.location(position);
    }

    /** The position of the first key from {@code from} on that is at least this one; one must be, and keys ascend. */
    public int positionAtLeast(long key, int from) {
        int position = from;
        while (leaf.key(position) < key) {
            position++;
        }
        return position;
    }

    /** The position of the first key that is not above the one before it, from 1 on; {@link #count} where all are. */
    public int descendsAt() {
        int count = leaf.count();
        long before = leaf.key(0);
        for (int i = 1; i < count; i++) {
            long key = leaf.key(i);
            if (key <= before) {
                return i;
            }
            before = key;
        }
        return count;
    }

    /** Bytes that {@link #write} appends. */
    public int bytes() {
        return LeafHeader.BYTES + leaf.header().entriesBytes();
    }

    /** Appends header and entries to {@code target}. */
    public void write(ByteBuffer target) {
        leaf.header().encode(target);
        leaf.copyTo(target);
    }

    Leaf leaf() {
        return leaf;
    }
}
