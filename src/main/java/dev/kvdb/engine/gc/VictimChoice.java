package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentCounters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the segments that the next swap rewrites: those that give back the largest share of their bytes, as many as
 * fit into one new segment.
 *
 * <p>A segment is worth it where
 *
 * <ul>
 *   <li>it would give back at least {@code deadShareMin} of its bytes: superseded records, tombstones that may go,
 *       marks, or
 *   <li>it holds back more bytes of other segments' tombstones than it has live bytes, or
 *   <li>it is one of many small ones, which restarts leave behind.
 * </ul>
 *
 * @param segmentBytesMax what one new segment may hold
 * @param deadShareMin the share of a segment that is worth a rewrite; 0 for any dead record
 * @param withActive whether to judge the segment that is appended to as if it were sealed; for a preview only
 */
record VictimChoice(int segmentBytesMax, double deadShareMin, boolean withActive) {

    private static final int VICTIMS_MAX = 64;
    private static final int SMALL_SEGMENTS_MAX = 8;
    private static final int SMALL_SHARE = 8;
    private static final int MARK_INTERVAL_BYTES = 1024 * 1024;

    /**
     * Marks are dead bytes too: small durable writes leave one each. A rewrite is worth it where they take up such a
     * share.
     */
    private static final double MARKS_SHARE_MIN = 0.05;

    /**
     * A segment and what its rewrite would cost and give.
     *
     * @param segment the segment
     * @param keptBytes bytes that would be copied
     * @param reclaimedBytes bytes that would be given back
     * @param worthIt whether it should be rewritten
     */
    record Candidate(Segment segment, long keptBytes, long reclaimedBytes, boolean worthIt) {

        double reclaimedShare() {
            return (double) reclaimedBytes / segment.length();
        }

        /** Bytes of a new segment that holds what is kept. */
        long copyBytes() {
            return keptBytes + overheadBytes(keptBytes);
        }
    }

    VictimChoice(int segmentBytesMax, double deadShareMin) {
        this(segmentBytesMax, deadShareMin, false);
    }

    /** All segments worth a rewrite, best first. */
    List<Candidate> candidates(List<Segment> segments) {
        List<Segment> holders =
                segments.stream().filter(TombstoneRule::mayHoldBack).toList();
        List<Segment> buried = segments.stream()
                .filter(segment -> segment.counters().tombstones() > 0)
                .toList();
        List<Candidate> sealed = new ArrayList<>();
        for (Segment segment : segments) {
            if ((segment.isSealed() || withActive) && !segment.isDamaged()) {
                sealed.add(judge(segment, holders, buried));
            }
        }
        List<Candidate> small =
                sealed.stream().filter(this::isSmall).limit(VICTIMS_MAX).toList();
        List<Candidate> worthIt =
                new ArrayList<>(sealed.stream().filter(Candidate::worthIt).toList());
        if (small.size() >= SMALL_SEGMENTS_MAX) {
            small.stream().filter(candidate -> !candidate.worthIt()).forEach(worthIt::add);
        }
        worthIt.sort(Comparator.comparingDouble(Candidate::reclaimedShare).reversed());
        return worthIt;
    }

    /** The victims of the next swap, out of the candidates: the best ones whose kept bytes fit into one segment. */
    List<Candidate> victims(List<Candidate> candidates) {
        List<Candidate> victims = new ArrayList<>();
        long bytes = 0;
        for (Candidate candidate : candidates) {
            long with = bytes + candidate.copyBytes();
            if (victims.size() < VICTIMS_MAX && (victims.isEmpty() || with <= segmentBytesMax)) {
                victims.add(candidate);
                bytes = with;
            }
        }
        return victims;
    }

    private Candidate judge(Segment segment, List<Segment> holders, List<Segment> buried) {
        SegmentCounters counters = segment.counters();
        boolean tombstonesMayGo = counters.tombstones() == 0
                || holders.stream()
                        .noneMatch(other ->
                                other != segment && TombstoneRule.holdsBack(other, counters.tombstoneVersionMax()));
        long kept = counters.liveBytes() + (tombstonesMayGo ? 0 : counters.tombstoneBytes());
        long reclaimed = Math.max(0, segment.length() - kept - overheadBytes(kept));
        boolean hasDead = counters.hasSupersededSet() || (tombstonesMayGo && counters.tombstones() > 0);
        boolean empty = counters.liveSets() == 0 && kept == 0;
        boolean hasMarks = segment.header().kind() == SegmentHeader.Kind.APPENDED
                && reclaimed >= MARKS_SHARE_MIN * segment.length();
        boolean enough = (hasDead || hasMarks) && reclaimed >= deadShareMin * segment.length();
        boolean inTheWay =
                counters.hasSupersededSet() && tombstoneBytesHeldBack(segment, buried) > counters.liveBytes();
        return new Candidate(segment, kept, reclaimed, empty || enough || inTheWay);
    }

    private boolean isSmall(Candidate candidate) {
        return candidate.segment().length() < segmentBytesMax / SMALL_SHARE;
    }

    private static long tombstoneBytesHeldBack(Segment segment, List<Segment> buried) {
        long bytes = 0;
        for (Segment other : buried) {
            SegmentCounters counters = other.counters();
            if (other != segment && TombstoneRule.holdsBack(segment, counters.tombstoneVersionMax())) {
                bytes += counters.tombstoneBytes();
            }
        }
        return bytes;
    }

    /** What a new segment needs beside its records, if it has any. */
    private static long overheadBytes(long keptBytes) {
        return keptBytes == 0 ? 0 : SegmentHeader.BYTES + (1 + keptBytes / MARK_INTERVAL_BYTES) * Mark.FRAME_BYTES;
    }
}
