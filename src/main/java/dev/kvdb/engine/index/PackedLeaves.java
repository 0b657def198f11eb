package dev.kvdb.engine.index;

import org.jspecify.annotations.Nullable;

/**
 * The entries of an index in ascending order of keys, packed into leaves as full as leaves get, whatever those of the
 * index are. As weakly consistent as a {@link Cursor} is.
 *
 * <p>For one thread at a time.
 */
public final class PackedLeaves {

    private final Cursor cursor;
    private final Entries entries = new Entries();

    PackedLeaves(Cursor cursor) {
        this.cursor = cursor;
    }

    /** The next leaf, or null at the end. */
    public @Nullable PackedLeaf next() {
        entries.dropAll();
        while (entries.count() < Leaf.ENTRIES_MAX && cursor.next()) {
            entries.add(cursor.key(), cursor.location());
        }
        return entries.count() == 0 ? null : new PackedLeaf(entries.toLeaf());
    }
}
