package dev.kvdb.testkit;

import java.util.List;

/**
 * What a crash leaves of the operations that no sync had made durable. Synced bytes of a file whose entry survives are
 * always left.
 *
 * <p>In all of them the entries of a directory survive in order: when an operation on a directory survives, so do the
 * earlier ones on it.
 */
public enum CrashVariant {

    /** None of it: unsynced bytes and entries are gone, deleted files are back. */
    NOTHING_UNSYNCED,

    /** All of it, as if only the process had died. */
    EVERYTHING,

    /** All entries, no bytes: a renamed or created file is there, without what was never synced. */
    ENTRIES_ONLY,

    /** All bytes, no entries: a created file is gone, a renamed one has its old name, a deleted one is back. */
    BYTES_ONLY,

    /**
     * Of each file the first few operations, the last of them cut at a byte or a sector; of each directory the first
     * few entries.
     */
    TORN,

    /** Of each file any sectors of any writes, and any truncations; of each directory the first few entries. */
    REORDERED,

    /** Of each file the size but zeros for the bytes; of each directory the first few entries. */
    SIZES_WITHOUT_BYTES,

    /** Each file fares after a variant of its own; of each directory the first few entries. */
    MIXED;

    private static final List<CrashVariant> ALL = List.of(values());
    private static final List<CrashVariant> WITH_CHOICES = List.of(TORN, REORDERED, SIZES_WITHOUT_BYTES, MIXED);

    /** Seeds 0 to 7 give each variant once, all others one of those in which the seed makes a difference. */
    public static CrashVariant of(long seed) {
        if (seed >= 0 && seed < ALL.size()) {
            return ALL.get((int) seed);
        }
        return WITH_CHOICES.get(Math.floorMod(seed, WITH_CHOICES.size()));
    }
}
