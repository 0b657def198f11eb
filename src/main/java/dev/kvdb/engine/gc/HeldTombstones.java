package dev.kvdb.engine.gc;

import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentCounters;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which of the segments hold back whose tombstones, by {@link TombstoneRule}, as far as the counters say at the moment:
 * for all segments in n log n steps, since a large store has many and is looked at often.
 *
 * <p>Of the moment when it is made. Of the segment that is written, which is no victim, a later answer may be off by
 * what it has come to hold since.
 */
final class HeldTombstones {

    /** The highest version of a tombstone in each segment that has any, ascending. */
    private final long[] versions;

    /** Bytes of the tombstones in the segment at that place, and in all behind it. */
    private final long[] bytesFrom;

    /** The segment that holds back from the lowest version on, that version, and the lowest of all others. */
    private final @Nullable Segment firstHolder;

    private final long lowestFrom;
    private final long secondLowestFrom;

    HeldTombstones(List<Segment> segments) {
        List<Buried> buried = segments.stream()
                .map(Segment::counters)
                .filter(counters -> counters.tombstones() > 0)
                .map(counters -> new Buried(counters.tombstoneVersionMax(), counters.tombstoneBytes()))
                .sorted(Comparator.comparingLong(Buried::version))
                .toList();
        versions = buried.stream().mapToLong(Buried::version).toArray();
        bytesFrom = new long[versions.length + 1];
        for (int i = versions.length - 1; i >= 0; i--) {
            bytesFrom[i] = bytesFrom[i + 1] + buried.get(i).bytes();
        }
        Segment first = null;
        long lowest = Long.MAX_VALUE;
        long second = Long.MAX_VALUE;
        for (Segment segment : segments) {
            long from = TombstoneRule.holdsBackFrom(segment);
            if (from < lowest) {
                second = lowest;
                lowest = from;
                first = segment;
            } else {
                second = Math.min(second, from);
            }
        }
        firstHolder = first;
        lowestFrom = lowest;
        secondLowestFrom = second;
    }

    private record Buried(long version, long bytes) {}

    /** Whether no other segment holds back any of the segment's tombstones. */
    boolean mayGo(Segment segment) {
        SegmentCounters counters = segment.counters();
        long othersFrom = segment == firstHolder ? secondLowestFrom : lowestFrom;
        return counters.tombstones() == 0 || counters.tombstoneVersionMax() < othersFrom;
    }

    /** Bytes of the tombstones that the segment holds back in others: of all in those of which it holds back any. */
    long bytesHeldBackBy(Segment segment) {
        long from = TombstoneRule.holdsBackFrom(segment);
        SegmentCounters own = segment.counters();
        boolean itself = own.tombstones() > 0 && own.tombstoneVersionMax() >= from;
        return bytesFrom[firstAtOrAfter(from)] - (itself ? own.tombstoneBytes() : 0);
    }

    private int firstAtOrAfter(long version) {
        int low = 0;
        int high = versions.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (versions[middle] < version) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
