package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;

/**
 * When a tombstone may go: only when no older set of its key can come back. That is so where each other segment of the
 * manifest, victims of the same swap aside,
 *
 * <ul>
 *   <li>starts after the tombstone's version, or
 *   <li>was found live as of that version or a later one, or
 *   <li>holds no superseded set.
 * </ul>
 */
final class TombstoneRule {

    private TombstoneRule() {}

    /** Whether a tombstone of that version may go, as far as {@code others} are concerned. */
    static boolean mayGo(long version, Iterable<Segment> others) {
        for (Segment other : others) {
            if (holdsBack(other, version)) {
                return false;
            }
        }
        return true;
    }

    /** Whether the segment may hold a set that a tombstone of that version superseded. */
    static boolean holdsBack(Segment other, long version) {
        boolean startsAfter = other.header().firstVersion() > version;
        boolean liveSince = other.header().liveAsOf() >= version;
        return !(startsAfter || liveSince || !mayHoldBack(other));
    }

    /**
     * The lowest version of a tombstone that the segment {@linkplain #holdsBack holds back}, as it does all of higher
     * ones; {@link Long#MAX_VALUE} where it holds back none.
     */
    static long holdsBackFrom(Segment other) {
        SegmentHeader header = other.header();
        return mayHoldBack(other) ? Math.max(header.firstVersion(), header.liveAsOf() + 1) : Long.MAX_VALUE;
    }

    /**
     * Whether the segment may hold back a tombstone of any version: it holds a set that is not its key's newest record,
     * or may do so.
     */
    static boolean mayHoldBack(Segment other) {
        return other.counters().hasSupersededSet() || other.isDamaged();
    }
}
