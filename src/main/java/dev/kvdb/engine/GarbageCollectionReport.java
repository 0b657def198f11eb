package dev.kvdb.engine;

/**
 * What a garbage collection did or, for a dry run, would do.
 *
 * @param skipped whether nothing was looked at because another collection was running
 * @param segmentsCollected segments that were rewritten or dropped
 * @param bytesCopied log bytes written anew
 * @param bytesReclaimed log bytes given back, net of what was copied
 * @param durationMillis how long it took
 */
public record GarbageCollectionReport(
        boolean skipped, int segmentsCollected, long bytesCopied, long bytesReclaimed, long durationMillis) {}
