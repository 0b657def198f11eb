package dev.kvdb.engine.recovery;

/** Reads an index snapshot entry by entry, in ascending order of keys. Belongs to one thread. */
final class SnapshotEntries {

    private final SnapshotLeaves leaves;
    private int position;
    private int count;

    SnapshotEntries(SnapshotLeaves leaves) {
        this.leaves = leaves;
    }

    /**
     * Moves to the next entry. False at the end.
     *
     * @throws dev.kvdb.engine.error.DamageException as {@link SnapshotLeaves#next} does
     */
    boolean next() {
        position++;
        if (position >= count) {
            if (!leaves.next()) {
                return false;
            }
            position = 0;
            count = leaves.leaf().count();
        }
        return true;
    }

    /** Whether the entry is the first one of the leaf that the snapshot is at. */
    boolean isFirstOfLeaf() {
        return position == 0;
    }

    long key() {
        return leaves.leaf().key(position);
    }

    long location() {
        return leaves.leaf().location(position);
    }

    /** Where the entry is in the file. */
    long offset() {
        return leaves.offset(position);
    }
}
