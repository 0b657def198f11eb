package dev.kvdb.engine.gc;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.gc.VictimChoice.Candidate;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.log.SyncFailedException;
import dev.kvdb.engine.log.UncertainManifestException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * Collects garbage, one swap at a time.
 *
 * <p>A swap copies what is live in its victims to a new segment, syncs that, makes all applied writes durable (they are
 * what made the rest dead), replaces the manifest, moves the index by compare-and-set, so that a concurrent write wins,
 * and only then deletes the victims. At every moment the manifest lists a whole store; a crash leaves at most files
 * that it does not list.
 *
 * <p>One swap at a time. The caller keeps snapshots away meanwhile.
 */
public final class GarbageCollector {

    private static final Logger LOG = System.getLogger(GarbageCollector.class.getName());

    /** A copy leaves this share of a segment free on the disk, so that removes go on beside it. */
    private static final int ROOM_FOR_REMOVES_SHARE = 64;

    private final Segments segments;
    private final OrderedIndex index;
    private final AppliedWrites writes;
    private final RandomGenerator random;
    private final Clock clock;
    private final Limits limits;

    /**
     * Limits of a collector.
     *
     * @param segmentBytesMax what a new segment may hold
     * @param bytesPerSecondMax how fast records are copied; 0 for no limit
     */
    public record Limits(int segmentBytesMax, long bytesPerSecondMax) {}

    /**
     * What swaps did, or would do.
     *
     * @param segments victims
     * @param bytesCopied bytes written anew
     * @param bytesReclaimed bytes given back, net of those copied
     */
    public record Outcome(int segments, long bytesCopied, long bytesReclaimed) {

        /** Nothing was worth it, or nothing came of it. */
        public static final Outcome NOTHING = new Outcome(0, 0, 0);

        /** The sum of both. */
        public Outcome plus(Outcome other) {
            return new Outcome(
                    segments + other.segments, bytesCopied + other.bytesCopied, bytesReclaimed + other.bytesReclaimed);
        }
    }

    /**
     * @param segments the store's segments
     * @param index the store's index
     * @param writes the writes beside it
     * @param random makes salts
     * @param clock paces the copying
     * @param limits limits
     */
    public GarbageCollector(
            Segments segments,
            OrderedIndex index,
            AppliedWrites writes,
            RandomGenerator random,
            Clock clock,
            Limits limits) {
        this.segments = segments;
        this.index = index;
        this.writes = writes;
        this.random = random;
        this.clock = clock;
        this.limits = limits;
    }

    /**
     * What a collection would do now.
     *
     * @param goal how much garbage may be left
     * @param withActive whether the segment that is appended to would be sealed first
     */
    public Outcome preview(CollectionGoal goal, boolean withActive) {
        VictimChoice choice = new VictimChoice(limits.segmentBytesMax(), goal, writes.lastVersion(), withActive);
        Outcome outcome = Outcome.NOTHING;
        for (Candidate candidate : choice.candidates(segments.all())) {
            outcome = outcome.plus(new Outcome(1, candidate.keptBytes(), candidate.reclaimedBytes()));
        }
        return outcome;
    }

    /**
     * Makes the swap that gives back most, or none.
     *
     * @param goal how much garbage may be left
     * @param cancelled asked between records
     * @return what came of it; empty where nothing is worth a swap
     * @throws NoSpaceException where the disk has no room for even the smallest copy and some removes beside it
     * @throws SyncFailedException where a sync failed; nothing may be written to the store any more
     * @throws UncertainManifestException where it is unknown whether the swap stands; nothing may be written to the
     *     store any more
     * @throws IOException where the operating system fails another file operation; the store is as it was before
     */
    public Optional<Outcome> collectOnce(CollectionGoal goal, BooleanSupplier cancelled) throws IOException {
        VictimChoice choice = new VictimChoice(limits.segmentBytesMax(), goal, writes.lastVersion());
        List<Candidate> candidates = choice.candidates(segments.all());
        if (candidates.isEmpty()) {
            return Optional.empty();
        }
        Pace pace = new Pace(clock, limits.bytesPerSecondMax(), cancelled);
        List<Candidate> victims = choice.victims(candidates);
        List<Candidate> smallestCopy = List.of(candidates.stream()
                .min(Comparator.comparingLong(Candidate::keptBytes))
                .orElseThrow());
        try {
            return Optional.of(swapWithinSpace(victims, smallestCopy, pace, cancelled));
        } catch (DamageException e) {
            LOG.log(Level.ERROR, "a segment is kept because of damage: " + e.getMessage());
            return Optional.of(Outcome.NOTHING);
        }
    }

    /** Collects the victims, or, where the disk has no room for what they keep, the one that keeps least. */
    private Outcome swapWithinSpace(
            List<Candidate> victims, List<Candidate> smallestCopy, Pace pace, BooleanSupplier cancelled)
            throws IOException {
        try {
            checkSpace(victims);
            return swap(segmentsOf(victims), pace, cancelled);
        } catch (NoSpaceException e) {
            if (victims.equals(smallestCopy)) {
                throw e;
            }
            checkSpace(smallestCopy);
            return swap(segmentsOf(smallestCopy), pace, cancelled);
        }
    }

    private static List<Segment> segmentsOf(List<Candidate> candidates) {
        return candidates.stream().map(Candidate::segment).toList();
    }

    /** Refuses a copy for which there is no room, rather than take the last bytes from removes until it finds out. */
    private void checkSpace(List<Candidate> victims) throws IOException {
        long copyBytes = victims.stream().mapToLong(Candidate::copyBytes).sum();
        if (copyBytes > 0) {
            long roomForRemoves = limits.segmentBytesMax() / ROOM_FOR_REMOVES_SHARE;
            segments.directory().requireSpace(copyBytes + roomForRemoves, "a collection");
        }
    }

    /** Collects these sealed segments. Any choice of them is safe; a test makes it at random. */
    Outcome swap(List<Segment> victims, Pace pace, BooleanSupplier cancelled) throws IOException {
        long liveAsOf = writes.lastVersion();
        long firstVersion = victims.stream()
                .mapToLong(victim -> victim.header().firstVersion())
                .min()
                .orElse(0);
        List<Segment> holders = segments.all().stream()
                .filter(segment -> !victims.contains(segment) && TombstoneRule.mayHoldBack(segment))
                .toList();
        try (SegmentCopy copy = new SegmentCopy(segments, index, firstVersion, liveAsOf, random.nextLong())) {
            for (Segment victim : victims) {
                copy.copyFrom(victim, holders, pace, cancelled);
            }
            if (cancelled.getAsBoolean()) {
                return Outcome.NOTHING;
            }
            Segment output = copy.finish();
            writes.sync();
            Segments.Change change = new Segments.Change().remove(victims);
            if (output != null) {
                change.add(output);
            }
            publish(change, copy);
            copy.moveIndex(writes);
            long lengthBefore = victims.stream().mapToLong(Segment::length).sum();
            retire(victims);
            copy.writeHint();
            long copied = output == null ? 0 : output.length();
            return new Outcome(victims.size(), copied, lengthBefore - copied);
        }
    }

    private void publish(Segments.Change change, SegmentCopy copy) throws IOException {
        try {
            segments.change(change, writes.nextVersion());
        } catch (UncertainManifestException e) {
            // The manifest on disk may list the copy.
            copy.published();
            throw e;
        }
        copy.published();
    }

    private void retire(List<Segment> victims) {
        segments.forget(victims);
        for (Segment victim : victims) {
            try {
                segments.directory().deleteIfExists(StoreFileNames.hint(victim.id()));
                segments.directory().deleteIfExists(StoreFileNames.segment(victim.id()));
            } catch (IOException e) {
                LOG.log(Level.WARNING, "deleting " + victim.path() + " failed; the next open does it: " + e);
            }
        }
    }
}
