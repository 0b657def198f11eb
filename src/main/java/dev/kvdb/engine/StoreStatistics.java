package dev.kvdb.engine;

import dev.kvdb.engine.log.Segment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A momentary view of a store. Counters start at 0 when the store is opened. Parts are read one after another, so they
 * may be a few operations apart.
 *
 * @param state which calls the store answers
 * @param stateDetail why, where it is not writable; else empty
 * @param keys keys that have a value
 * @param lastVersion version of the newest applied write
 * @param diskFreeBytes bytes that may still be written to the file system, as it said last when it was asked, which is
 *     each second; -1 where it does not say
 * @param fileBytes bytes in all files of the store, its reserve included
 * @param quotaBytes what they may be at most; 0 for no limit
 * @param indexBytes heap held by the index, an estimate
 * @param indexBytesMax heap that it may take; 0 for no limit
 * @param openFiles files that the store holds open
 * @param log the log's size and shape
 * @param writes what was written
 * @param reads what was read
 * @param garbageCollection what was collected
 * @param recovery how the last open went
 */
public record StoreStatistics(
        StoreState state,
        String stateDetail,
        long keys,
        long lastVersion,
        long diskFreeBytes,
        long fileBytes,
        long quotaBytes,
        long indexBytes,
        long indexBytesMax,
        int openFiles,
        Log log,
        Writes writes,
        Reads reads,
        GarbageCollection garbageCollection,
        Recovery recovery) {

    /** With fewer keys than this the index says nothing about what the next ones take. */
    private static final long KEYS_TELLING = 10_000;

    /** What a key takes where nothing is known: keys and locations that have nothing in common. */
    private static final int KEY_BYTES = 20;

    /**
     * How many keys there may be in all before the index reaches its limit, if the next ones take as much memory as
     * those that are there do on average, or may come to take; 0 where there is no limit.
     */
    public long keysForecast() {
        double keyBytes = keys < KEYS_TELLING ? KEY_BYTES : (double) indexBytes / keys + IndexLimit.GROWTH_BYTES;
        return (long) (indexBytesMax / keyBytes);
    }

    /**
     * The log's size and shape.
     *
     * @param segments segment files
     * @param bytes bytes in them
     * @param liveBytes bytes of records that the index points at; up to 1/32 too many
     * @param deadBytes the rest: superseded records, tombstones, marks and headers
     * @param tombstoneBytes bytes of tombstones, a part of {@code deadBytes}
     * @param damagedSegments segment files in which damage was found, at the open or since
     */
    public record Log(
            int segments, long bytes, long liveBytes, long deadBytes, long tombstoneBytes, int damagedSegments) {

        static Log of(List<Segment> segments) {
            long bytes = 0;
            long liveBytes = 0;
            long tombstoneBytes = 0;
            int damagedSegments = 0;
            for (Segment segment : segments) {
                bytes += segment.length();
                liveBytes += Math.min(segment.length(), segment.counters().liveBytes());
                tombstoneBytes += segment.counters().tombstoneBytes();
                damagedSegments += segment.isDamageSeen() ? 1 : 0;
            }
            return new Log(segments.size(), bytes, liveBytes, bytes - liveBytes, tombstoneBytes, damagedSegments);
        }
    }

    /**
     * What was written.
     *
     * @param sets sets applied
     * @param removes removes applied, those of absent keys included
     * @param rejected writes refused because a queue was full
     * @param failed writes that failed for any other reason
     * @param userBytes bytes of keys and values that were asked to be written
     * @param fileBytes bytes written to files of any kind, garbage collection included; over {@code userBytes} it is
     *     the write amplification
     * @param syncs syncs of the log
     * @param lastSyncError what the last failed sync said, or null
     * @param queuedRequests writes that wait for the committer or are being written
     * @param queuedBytes bytes of their values
     */
    public record Writes(
            long sets,
            long removes,
            long rejected,
            long failed,
            long userBytes,
            long fileBytes,
            long syncs,
            @Nullable String lastSyncError,
            int queuedRequests,
            long queuedBytes) {}

    /**
     * What was read.
     *
     * @param cacheHits reads answered from the cache
     * @param cacheMisses reads of present keys that went to disk
     * @param cacheEvictions values dropped for room
     * @param cacheBytes bytes held by the cache
     * @param damaged reads that met damage
     */
    public record Reads(long cacheHits, long cacheMisses, long cacheEvictions, long cacheBytes, long damaged) {}

    /**
     * What was collected.
     *
     * @param running whether a collection is running now
     * @param runs collections that rewrote or dropped a segment
     * @param failures collections that failed
     * @param bytesCopied log bytes written anew
     * @param bytesReclaimed log bytes given back, net
     * @param lastError what the last failure said, or null where the newest run went well
     */
    public record GarbageCollection(
            boolean running,
            long runs,
            long failures,
            long bytesCopied,
            long bytesReclaimed,
            @Nullable String lastError) {}

    /**
     * How the last open went.
     *
     * @param durationMillis how long it took
     * @param clean whether the store had been closed properly
     * @param recordsScanned records read from segments, not from hints or the snapshot
     * @param hintsRebuilt hint files that were missing or damaged and were made anew
     * @param tornBytes bytes at the log's end that were set aside
     */
    public record Recovery(long durationMillis, boolean clean, long recordsScanned, int hintsRebuilt, long tornBytes) {}
}
