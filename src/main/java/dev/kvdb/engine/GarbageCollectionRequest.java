package dev.kvdb.engine;

/**
 * What a garbage collection may do.
 *
 * @param dryRun only say which segments would be rewritten and what that would reclaim
 * @param force collect whatever has dead bytes, however small the log or the dead share is
 */
public record GarbageCollectionRequest(boolean dryRun, boolean force) {

    /** Collect what is worth it by the store's options. */
    public static final GarbageCollectionRequest WORTHWHILE = new GarbageCollectionRequest(false, false);

    /** Collect everything that has dead bytes. */
    public static final GarbageCollectionRequest EVERYTHING = new GarbageCollectionRequest(false, true);
}
