package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentCounters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses the segments that the next swap rewrites: those that give back most for each byte that is copied, as many as
 * fit into one new segment.
 *
 * <p>A segment is worth it where
 *
 * <ul>
 *   <li>more of the log is garbage than may be left, the segments that give back more are not enough to change that,
 *       and it would give back at least the share of its bytes that the goal asks for: superseded records, tombstones
 *       that may go, marks, or
 *   <li>nothing in it is live, or
 *   <li>it holds back more bytes of other segments' tombstones than it has live bytes, or
 *   <li>it is one of many small ones, which restarts leave behind.
 * </ul>
 *
 * <p>Under load the choice weighs costs and benefits, as the cleaner of Rosenblum and Ousterhout's "The Design and
 * Implementation of a Log-Structured File System" (1992) does: bytes given back for each byte copied, times the cube
 * root of the age. What an old segment gives back stays given back, while a young one will soon have more to give. Of
 * the exponents tried in simulations (0 to 1) a third costs uniform updates next to nothing and saves Zipf's a third of
 * the copies. An age is a number of writes: since the segment began, or since its records were copied there.
 *
 * @param segmentBytesMax what one new segment may hold
 * @param goal how much garbage may be left
 * @param lastVersion the newest applied version
 * @param withActive whether to judge the segment that is appended to as if it were sealed; for a preview only
 */
record VictimChoice(int segmentBytesMax, CollectionGoal goal, long lastVersion, boolean withActive) {

    private static final int VICTIMS_MAX = 64;
    private static final int SMALL_SEGMENTS_MAX = 8;
    private static final int SMALL_SHARE = 8;
    private static final int MARK_INTERVAL_BYTES = 1024 * 1024;

    /**
     * Marks are dead bytes too: small durable writes leave one each. A rewrite is worth it where they take up such a
     * share.
     */
    private static final double MARKS_SHARE_MIN = 0.05;

    /** Why a segment is rewritten. */
    private enum Worth {
        /** It is in the way, or nothing in it is live. */
        ALWAYS,
        /** It gives back enough, if that much is to be given back at all. */
        FOR_ITS_GARBAGE,
        NOT
    }

    /**
     * A segment and what its rewrite would cost and give.
     *
     * @param segment the segment
     * @param keptBytes bytes that would be copied
     * @param reclaimedBytes bytes that would be given back
     * @param worth why it should be rewritten
     */
    record Candidate(Segment segment, long keptBytes, long reclaimedBytes, Worth worth) {

        /** Bytes of a new segment that holds what is kept. */
        long copyBytes() {
            return keptBytes + overheadBytes(keptBytes);
        }

        private double reclaimedForEachCopied() {
            return (double) reclaimedBytes / Math.max(1, keptBytes);
        }
    }

    VictimChoice(int segmentBytesMax, CollectionGoal goal, long lastVersion) {
        this(segmentBytesMax, goal, lastVersion, false);
    }

    /** All segments worth a rewrite, best first. */
    List<Candidate> candidates(List<Segment> segments) {
        HeldTombstones held = new HeldTombstones(segments);
        List<Candidate> collectable = new ArrayList<>();
        long logBytes = 0;
        long garbageBytes = 0;
        for (Segment segment : segments) {
            logBytes += segment.length();
            if (!segment.isDamaged()) {
                Candidate candidate = judge(segment, held);
                garbageBytes += candidate.reclaimedBytes();
                if (segment.isSealed() || withActive) {
                    collectable.add(candidate);
                }
            }
        }
        collectable.sort(Comparator.comparingDouble(this::score).reversed());
        Set<Candidate> chosen = new LinkedHashSet<>(withWorth(collectable, Worth.ALWAYS));
        List<Candidate> small =
                collectable.stream().filter(this::isSmall).limit(VICTIMS_MAX).toList();
        if (small.size() >= SMALL_SEGMENTS_MAX) {
            chosen.addAll(small);
        }
        long givenBack = chosen.stream().mapToLong(Candidate::reclaimedBytes).sum();
        addForTheirGarbage(chosen, collectable, logBytes - givenBack, garbageBytes - givenBack);
        return collectable.stream().filter(chosen::contains).toList();
    }

    /** Adds what else must be given back to reach the goal; under load, as much as fills a segment. */
    private void addForTheirGarbage(
            Set<Candidate> chosen, List<Candidate> collectable, long logBytes, long garbageBytes) {
        long left = garbageBytes;
        long log = logBytes;
        if (goal.isReached(left, log)) {
            return;
        }
        long copied = 0;
        for (Candidate candidate : withWorth(collectable, Worth.FOR_ITS_GARBAGE)) {
            boolean full = !goal.isUnderLoad() || copied >= segmentBytesMax;
            if (full && goal.isReached(left, log)) {
                return;
            }
            if (chosen.add(candidate)) {
                left -= candidate.reclaimedBytes();
                log -= candidate.reclaimedBytes();
                copied += candidate.copyBytes();
            }
        }
    }

    private static List<Candidate> withWorth(List<Candidate> candidates, Worth worth) {
        return candidates.stream()
                .filter(candidate -> candidate.worth() == worth)
                .toList();
    }

    private double score(Candidate candidate) {
        double score = candidate.reclaimedForEachCopied();
        return goal.isUnderLoad()
                ? score * Math.cbrt((double) age(candidate.segment().header()))
                : score;
    }

    /** How many writes ago the segment began, or its records were copied there. */
    private long age(SegmentHeader header) {
        long since = header.kind() == SegmentHeader.Kind.REWRITTEN ? header.liveAsOf() : header.firstVersion();
        return Math.max(1, lastVersion - since);
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

    private Candidate judge(Segment segment, HeldTombstones held) {
        SegmentCounters counters = segment.counters();
        boolean tombstonesMayGo = held.mayGo(segment);
        long kept = counters.liveBytes() + (tombstonesMayGo ? 0 : counters.tombstoneBytes());
        long reclaimed = Math.max(0, segment.length() - kept - overheadBytes(kept));
        boolean hasDead = counters.hasSupersededSet() || (tombstonesMayGo && counters.tombstones() > 0);
        boolean empty = counters.liveSets() == 0 && kept == 0;
        boolean hasMarks = segment.header().kind() == SegmentHeader.Kind.APPENDED
                && reclaimed >= MARKS_SHARE_MIN * segment.length();
        boolean enough = (hasDead || hasMarks) && reclaimed >= goal.victimShareMin() * segment.length();
        boolean inTheWay = counters.hasSupersededSet() && held.bytesHeldBackBy(segment) > counters.liveBytes();
        Worth worth = empty || inTheWay ? Worth.ALWAYS : enough ? Worth.FOR_ITS_GARBAGE : Worth.NOT;
        return new Candidate(segment, kept, reclaimed, worth);
    }

    private boolean isSmall(Candidate candidate) {
        return candidate.segment().length() < segmentBytesMax / SMALL_SHARE;
    }

    /** What a new segment needs beside its records, if it has any. */
    private static long overheadBytes(long keptBytes) {
        return keptBytes == 0 ? 0 : SegmentHeader.BYTES + (1 + keptBytes / MARK_INTERVAL_BYTES) * Mark.FRAME_BYTES;
    }
}
