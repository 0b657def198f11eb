package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes hint files of segments that were sealed and index snapshots from time to time, and looks for garbage where the
 * options ask for it. None of it is needed for correctness: what fails is logged, and made up for at the next open.
 *
 * <p>{@link #run} belongs to the maintainer thread; the other methods to any.
 */
final class Maintainer implements Runnable {

    private static final Logger LOG = System.getLogger(Maintainer.class.getName());

    /** However large the index is, its snapshots are at most a half of what is written besides. */
    private static final long LOG_BYTES_PER_SNAPSHOT_BYTE = 2;

    private static final long PAUSE_AFTER_DEFECT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Segments segments;
    private final Clock clock;
    private final StoreOptions options;
    private final ReentrantLock maintenance;
    private final Chores chores;

    private final ArrayDeque<Segment> withoutHint = new ArrayDeque<>();
    private boolean closed;
    private volatile @Nullable Thread thread;
    private long snapshotDueBytes;
    private long lastCheckNanos;
    private boolean sealedSinceCheck;
    private boolean moreToCollect;

    /** What the maintainer has done by the store. */
    interface Chores {

        /**
         * Writes an index snapshot, unless the store takes no writes; the caller holds the maintenance lock.
         *
         * @return its bytes, 0 for none
         */
        long writeSnapshot() throws IOException;

        /**
         * Makes one swap of a collection where that is worth it.
         *
         * @param onlyUnderLoad whether to leave the store alone while hardly anything is written
         * @return whether to look again soon
         */
        boolean collectGarbage(boolean onlyUnderLoad);
    }

    /** @param maintenance held while hints and snapshots are written; garbage collection holds it too */
    Maintainer(Segments segments, Clock clock, StoreOptions options, ReentrantLock maintenance, Chores chores) {
        this.segments = segments;
        this.clock = clock;
        this.options = options;
        this.maintenance = maintenance;
        this.chores = chores;
        this.snapshotDueBytes = options.snapshotLogBytes();
    }

    /** A segment was sealed, and has no hint yet. */
    void sealed(Segment segment) {
        synchronized (this) {
            withoutHint.add(segment);
        }
        LockSupport.unpark(thread);
    }

    /** Ends the thread after the hints that are due. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        lastCheckNanos = clock.nanoTime();
        boolean goOn = true;
        while (goOn) {
            try {
                goOn = doWhatIsDue();
            } catch (RuntimeException | Error e) {
                LOG.log(Level.ERROR, "upkeep of the store failed because of a defect, and goes on", e);
                clock.parkNanos(PAUSE_AFTER_DEFECT_NANOS);
            }
        }
    }

    /** Does one thing, or waits for the next. Returns false once it is closed and all hints are written. */
    private boolean doWhatIsDue() {
        Segment segment = nextWithoutHint();
        if (segment != null) {
            writeHint(segment);
            sealedSinceCheck = options.garbageCollection().checkWhenSealed();
            return true;
        }
        if (isClosed()) {
            return false;
        }
        if (writeSnapshotIfDue()) {
            // Its own waits may have taken a wake-up, so nothing may be waited for before all else was looked at again.
            return true;
        }
        long checkNanos =
                TimeUnit.MILLISECONDS.toNanos(options.garbageCollection().checkIntervalMillis());
        long sinceCheck = clock.nanoTime() - lastCheckNanos;
        boolean checkDue = checkNanos > 0 && sinceCheck >= checkNanos;
        if (checkDue || sealedSinceCheck || moreToCollect) {
            collectGarbage(!checkDue);
        } else {
            clock.parkNanos(checkNanos > 0 ? checkNanos - sinceCheck : Long.MAX_VALUE);
        }
        return true;
    }

    private void collectGarbage(boolean onlyUnderLoad) {
        sealedSinceCheck = false;
        boolean more = false;
        try {
            more = chores.collectGarbage(onlyUnderLoad);
        } finally {
            moreToCollect = more;
            if (!more && !onlyUnderLoad) {
                lastCheckNanos = clock.nanoTime();
            }
        }
    }

    private synchronized @Nullable Segment nextWithoutHint() {
        return withoutHint.poll();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void writeHint(Segment segment) {
        maintenance.lock();
        try {
            Segment pinned = segments.pin(segment.id());
            if (pinned == null) {
                return;
            }
            try {
                SegmentContents contents = SegmentContents.scan(pinned.file(), pinned);
                if (contents.damagedValues() > 0) {
                    pinned.noteDamage();
                    LOG.log(Level.ERROR, contents.damagedValues() + " damaged values in " + pinned.path());
                }
                if (contents.hidden().isEmpty()) {
                    HintFile.write(segments.directory(), pinned, contents.records());
                } else {
                    pinned.markDamaged();
                    LOG.log(Level.ERROR, "damage in " + pinned.path() + ": " + contents.hidden());
                }
            } finally {
                pinned.unpin();
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(
                    Level.WARNING,
                    "writing " + StoreFileNames.hint(segment.id()) + " failed; the next open does it: " + e);
        } finally {
            maintenance.unlock();
        }
    }

    /** Whether it was due. */
    private boolean writeSnapshotIfDue() {
        if (segments.directory().bytesWritten() < snapshotDueBytes) {
            return false;
        }
        long snapshotBytes = 0;
        maintenance.lock();
        try {
            snapshotBytes = chores.writeSnapshot();
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, "writing the index snapshot failed; the next open takes longer: " + e);
        } finally {
            maintenance.unlock();
        }
        snapshotDueBytes = segments.directory().bytesWritten()
                + Math.max(options.snapshotLogBytes(), LOG_BYTES_PER_SNAPSHOT_BYTE * snapshotBytes);
        return true;
    }
}
