package dev.kvdb.engine.index;

/**
 * Walks an {@link OrderedIndex} in ascending order of keys, never the same key twice.
 *
 * <p>Weakly consistent: leaves are copied out one by one. A key that is present throughout is returned, one that is
 * absent throughout is not, and one that is changed meanwhile is returned as before or after the change.
 *
 * <p>For one thread at a time. Holds about 4 KiB and needs no closing.
 */
public final class Cursor {

    private final Tree tree;
    private final Path path;
    private final Entries entries = new Entries();
    private int position = -1;
    private long nextKey;
    private boolean atEnd;

    Cursor(Tree tree, long fromKey) {
        this.tree = tree;
        this.path = new Path(tree.root());
        this.nextKey = fromKey;
    }

    /** Steps to the next entry, or returns false at the end. Needed before the first entry, too. */
    public boolean next() {
        position++;
        while (position >= entries.count() && !atEnd) {
            copyLeaf();
            position = 0;
        }
        return position < entries.count();
    }

    /** The key of the current entry; only after {@link #next} returned true. */
    public long key() {
        return entries.key(position);
    }

    /** The location of the current entry; only after {@link #next} returned true. */
    public long location() {
        return entries.location(position);
    }

    /** Copies out the leaf whose range holds the next key, and goes on behind that range. */
    private void copyLeaf() {
        path.descend(tree.root(), nextKey);
        tree.copyOut(path, nextKey, entries);
        atEnd = path.high() == Long.MAX_VALUE;
        nextKey = path.high() + 1;
    }
}
