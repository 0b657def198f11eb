package dev.kvdb.engine.log;

/**
 * Versions of records that damage hides, together with their keys.
 *
 * @param from the lowest version that may be hidden
 * @param to the highest
 * @param file where they were
 * @param offset where the damage begins, in bytes
 */
public record VersionRange(long from, long to, String file, long offset) {

    /** The range without what is above a version that no hidden record exceeds. */
    VersionRange upTo(long version) {
        return new VersionRange(from, Math.min(to, version), file, offset);
    }
}
