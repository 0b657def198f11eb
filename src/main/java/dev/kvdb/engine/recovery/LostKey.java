package dev.kvdb.engine.recovery;

/**
 * A key whose newest value is damaged beyond repair.
 *
 * @param key the key
 * @param version the version of that value; -1 where it is not known
 * @param file the segment that it was in, as a path
 * @param offset where its record was, in bytes
 */
public record LostKey(long key, long version, String file, long offset) {

    /** Stands for a version that is not known. */
    public static final long VERSION_UNKNOWN = -1;
}
