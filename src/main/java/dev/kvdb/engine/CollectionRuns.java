package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.gc.CollectionGoal;
import dev.kvdb.engine.gc.GarbageCollector;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentCounters;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.SyncFailedException;
import dev.kvdb.engine.log.UncertainManifestException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs garbage collections, one at a time, each in the thread that calls {@link #run}, and counts what they did.
 *
 * <p>Safe for use by several threads.
 */
final class CollectionRuns {

    /** An active segment smaller than this share of a full one is not sealed for the sake of its garbage. */
    private static final int SEAL_SHARE = 16;

    /** Under load: the segment that is written until the next look, and the copy of the next swap. */
    private static final int GROWTH_SEGMENTS = 2;

    private final StoreOptions options;
    private final Clock clock;
    private final Segments segments;
    private final GarbageCollector collector;
    private final ReentrantLock maintenance;
    private final Availability availability;
    private final DiskSpace space;
    private final LogWrites log;
    private final WriteLoad load;

    private final AtomicBoolean running = new AtomicBoolean();
    private final LongAdder runs = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder bytesCopied = new LongAdder();
    private final LongAdder bytesReclaimed = new LongAdder();
    private volatile boolean cancelled;

    /** Segments that were sealed, each of which makes a look due, and those of them that the last look knew of. */
    private final AtomicInteger seals = new AtomicInteger();

    private volatile int sealsLookedAfter;

    /** Whether the last look found something to collect. */
    private volatile boolean foundSome;

    private volatile boolean stuck;
    private volatile @Nullable String lastError;

    /**
     * What collections work with.
     *
     * @param options the store's options
     * @param clock tells how long a collection took
     * @param segments the store's segments
     * @param maintenance held by each swap of a collection; keeps snapshots away
     * @param availability learns of failures
     * @param space told that the disk is full
     */
    record Surroundings(
            StoreOptions options,
            Clock clock,
            Segments segments,
            ReentrantLock maintenance,
            Availability availability,
            DiskSpace space) {}

    /** @param log the log that is written beside them */
    CollectionRuns(Surroundings in, GarbageCollector collector, LogWrites log) {
        this.options = in.options();
        this.clock = in.clock();
        this.segments = in.segments();
        this.maintenance = in.maintenance();
        this.availability = in.availability();
        this.space = in.space();
        this.collector = collector;
        this.log = log;
        this.load = new WriteLoad(clock, log::userBytes);
    }

    /** Ends a running collection soon, and lets no other begin. */
    void cancel() {
        cancelled = true;
    }

    GarbageCollectionReport run(GarbageCollectionRequest request) {
        CollectionGoal goal = request.force() ? CollectionGoal.EVERYTHING : goal();
        if (request.dryRun()) {
            boolean withActive = isActiveWorthSealing(goal);
            return report(collector.preview(goal, withActive), clock.nanoTime());
        }
        // A rewritten segment may be worth another swap, but not for ever.
        return run(goal, 2 * segments.all().size() + 1);
    }

    /** A segment was sealed, and the next {@link #swapOnce} looks whether there is more garbage than may be. */
    void checkIsDue() {
        seals.incrementAndGet();
    }

    /**
     * Makes one swap where that is worth it, so that other upkeep gets its turn before the next one. Does nothing while
     * a collection runs that a client asked for.
     *
     * @param onlyUnderLoad whether to leave the store alone while hardly anything is written
     * @return whether another one may be worth it
     */
    boolean swapOnce(boolean onlyUnderLoad) {
        // What is sealed from here on is for the next look.
        int sealsBefore = seals.get();
        CollectionGoal goal = goal();
        // Where a client's collection is at work on it, none is after that one until the next segment is sealed.
        if ((onlyUnderLoad && goal.growthBytes() == 0) || !begin()) {
            looked(sealsBefore, false);
            return false;
        }
        boolean more = false;
        try {
            more = runAlone(goal, 1).segmentsCollected() > 0;
        } finally {
            looked(sealsBefore, more);
            try {
                stuck = !more && isPastItsMax();
            } finally {
                running.set(false);
            }
        }
        return more;
    }

    /**
     * Whether there is more garbage than may be under load, and a collection is at work on it or about to be. It is not
     * where it could give nothing back when it was tried last: all is in segments of which too much is live.
     */
    boolean isBehind() {
        return (running.get() || (isLookDue() && !stuck)) && !mustStop() && isPastItsMax();
    }

    private void looked(int sealsBefore, boolean more) {
        foundSome = more;
        sealsLookedAfter = sealsBefore;
    }

    private boolean isLookDue() {
        return foundSome || seals.get() != sealsLookedAfter;
    }

    /** What may be in the segment that was sealed last is given time. */
    private boolean isPastItsMax() {
        StoreStatistics.Log all = log();
        StoreOptions.GarbageCollection limits = options.garbageCollection();
        return all.bytes() >= limits.logBytesMin()
                && all.deadBytes() - options.segmentBytesMax() > limits.deadShareMax() * all.bytes();
    }

    private GarbageCollectionReport run(CollectionGoal goal, int swapsMax) {
        if (!begin()) {
            return new GarbageCollectionReport(true, 0, 0, 0, 0);
        }
        try {
            return runAlone(goal, swapsMax);
        } finally {
            running.set(false);
        }
    }

    /** Returns false where a collection runs already. */
    private boolean begin() {
        StoreException refusal = availability.refusal(true);
        if (refusal != null) {
            throw refusal;
        }
        return running.compareAndSet(false, true);
    }

    StoreStatistics.GarbageCollection statistics() {
        return new StoreStatistics.GarbageCollection(
                running.get(), runs.sum(), failures.sum(), bytesCopied.sum(), bytesReclaimed.sum(), lastError);
    }

    private GarbageCollectionReport runAlone(CollectionGoal goal, int swapsMax) {
        long start = clock.nanoTime();
        GarbageCollector.Outcome outcome = GarbageCollector.Outcome.NOTHING;
        try {
            if (isActiveWorthSealing(goal)) {
                log.seal();
            }
            for (int swap = 0; swap < swapsMax && !mustStop(); swap++) {
                Optional<GarbageCollector.Outcome> swapped = collectOnce(goal);
                if (swapped.isEmpty()) {
                    break;
                }
                outcome = outcome.plus(swapped.get());
            }
            lastError = null;
            return report(outcome, start);
        } catch (NoSpaceException e) {
            throw failed(space.isFull(String.valueOf(e.getMessage())));
        } catch (SyncFailedException | UncertainManifestException e) {
            throw failed(log.endWriting(e));
        } catch (IOException e) {
            throw failed(new StoreIoException(
                    "collect garbage in", segments.directory().path().toString(), e));
        } catch (StoreException e) {
            throw failed(e);
        } catch (RuntimeException | Error e) {
            // A defect, or no memory: how far the swap came is unknown, and another one could build on what is not so.
            failed(e);
            log.endWriting(new IOException("garbage collection failed: " + e, e));
            throw e;
        } finally {
            count(outcome);
        }
    }

    /** One swap, from the reserve where the disk is full. */
    private Optional<GarbageCollector.Outcome> collectOnce(CollectionGoal goal) throws IOException {
        long copyBytesMax = copyBytesMax();
        maintenance.lock();
        space.copyBegins(copyBytesMax);
        try {
            if (mustStop()) {
                return Optional.empty();
            }
            return collector.collectOnce(goal, this::mustStop);
        } catch (NoSpaceException e) {
            space.isFull(String.valueOf(e.getMessage()));
            return collector.collectOnce(goal, this::mustStop);
        } finally {
            space.copyEnds();
            maintenance.unlock();
        }
    }

    /**
     * A copy is at most as long as a segment may be, or as the one victim that is longer, of a time when it might be.
     */
    private long copyBytesMax() {
        long longest = segments.all().stream().mapToLong(Segment::length).max().orElse(0);
        return Math.max(options.segmentBytesMax(), longest);
    }

    private boolean mustStop() {
        return cancelled || !availability.mayWrite();
    }

    private void count(GarbageCollector.Outcome outcome) {
        if (outcome.segments() > 0) {
            runs.increment();
            bytesCopied.add(outcome.bytesCopied());
            bytesReclaimed.add(outcome.bytesReclaimed());
        }
    }

    private <E extends Throwable> E failed(E cause) {
        if (!cancelled) {
            failures.increment();
            lastError = cause instanceof StoreException ? cause.getMessage() : cause.toString();
        }
        return cause;
    }

    private GarbageCollectionReport report(GarbageCollector.Outcome outcome, long startNanos) {
        return new GarbageCollectionReport(
                false,
                outcome.segments(),
                outcome.bytesCopied(),
                outcome.bytesReclaimed(),
                TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - startNanos));
    }

    /**
     * A small log is left alone but for what restarts leave behind: many small segments. A full disk leaves no time to
     * be lazy.
     */
    private CollectionGoal goal() {
        StoreOptions.GarbageCollection limits = options.garbageCollection();
        boolean busy = load.isBusy() && availability.state() == StoreState.WRITABLE;
        if (log().bytes() < limits.logBytesMin()) {
            return CollectionGoal.TIDY_UP;
        }
        return busy
                ? new CollectionGoal(
                        limits.deadShareMin(),
                        limits.deadShareMax(),
                        (long) GROWTH_SEGMENTS * options.segmentBytesMax())
                : new CollectionGoal(limits.deadShareMin(), limits.deadShareMin(), 0);
    }

    private StoreStatistics.Log log() {
        return StoreStatistics.Log.of(segments.all());
    }

    /** Under load it is sealed soon by itself. */
    private boolean isActiveWorthSealing(CollectionGoal goal) {
        StoreStatistics.Log all = log();
        if (goal.growthBytes() > 0 || goal.isReached(all.deadBytes(), all.bytes())) {
            return false;
        }
        for (Segment segment : segments.all()) {
            if (!segment.isSealed()) {
                SegmentCounters counters = segment.counters();
                boolean hasDead = counters.hasSupersededSet() || counters.tombstones() > 0;
                boolean enough = segment.length() >= options.segmentBytesMax() / SEAL_SHARE
                        && segment.length() - counters.liveBytes() >= goal.victimShareMin() * segment.length();
                return hasDead && (goal.equals(CollectionGoal.EVERYTHING) || enough);
            }
        }
        return false;
    }
}
