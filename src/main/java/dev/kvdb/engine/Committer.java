package dev.kvdb.engine;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.ActiveLog;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.SyncFailedException;
import dev.kvdb.engine.log.UncertainManifestException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one writer of the log. It takes all writes that wait, appends them as a group, makes the group durable with one
 * sync, publishes it to the index, and only then acknowledges: in that order.
 *
 * <p>A group for which there is no space is cut off again and its writes fail; the removes in it are tried once more,
 * since the reserve was given up meanwhile. A write that needs a new segment, which cannot be made, fails alone. A
 * failed sync is never retried, since the page cache may look clean and not be so: the store turns read-only. So does
 * it after any other failure, an error of the virtual machine included: whoever waits is told.
 *
 * <p>All of it runs in the committer thread, except where a method says otherwise.
 */
final class Committer implements Runnable {

    private static final Logger LOG = System.getLogger(Committer.class.getName());
    private static final int GROUP_BYTES_MAX = 8 * 1024 * 1024;
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long SPACE_CHECK_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** A full disk has space again when, beside the reserve, this share of a segment fits on it. */
    private static final int SPACE_RETURNED_SHARE = 4;

    private final Surroundings in;
    private final WriteQueue queue;
    private final ActiveLog log;
    private final FailedRollsLog failedRolls;

    private final WriteGroup group;
    private final Refusals refusals;
    private boolean triedAgain;
    private long nextVersion;
    private long lastSyncNanos;
    private long lastWriteNanos;
    private volatile long lastAppliedVersion;

    /**
     * What the committer works on.
     *
     * @param options the store's options
     * @param clock time
     * @param segments the store's segments
     * @param index the store's index
     * @param indexLimit how much of it there may be
     * @param cache learns new values
     * @param space told that the disk is full, and asked whether it still is
     * @param availability learns of failures
     * @param counters learn what was written
     * @param listener told of syncs
     */
    record Surroundings(
            StoreOptions options,
            Clock clock,
            Segments segments,
            OrderedIndex index,
            IndexLimit indexLimit,
            ValueCache cache,
            DiskSpace space,
            Availability availability,
            WriteCounters counters,
            StoreListener listener) {}

    Committer(Surroundings in, WriteQueue queue, ActiveLog log, long nextVersion) {
        this.in = in;
        this.queue = queue;
        this.log = log;
        this.group = new WriteGroup(in.index);
        this.refusals = new Refusals(queue, group, in.availability, in.counters, in.clock);
        this.failedRolls = new FailedRollsLog(in.clock, line -> LOG.log(Level.WARNING, line));
        this.nextVersion = nextVersion;
        this.lastAppliedVersion = nextVersion - 1;
        this.lastSyncNanos = in.clock.nanoTime();
        this.lastWriteNanos = lastSyncNanos;
    }

    /** The newest version in the index. Any thread. */
    long lastAppliedVersion() {
        return lastAppliedVersion;
    }

    @Override
    public void run() {
        boolean goOn = true;
        while (goOn) {
            try {
                goOn = commitWhatWaits();
                if (!goOn) {
                    sealAtTheEnd();
                }
            } catch (Throwable e) {
                refusals.refuseAtLast(e);
            }
        }
    }

    private void sealAtTheEnd() {
        try {
            if (in.availability.mayWrite()) {
                log.seal(nextVersion);
            }
        } catch (StoreIoException e) {
            LOG.log(Level.WARNING, "the log is closed without a seal, the next open reads its end: " + e.getMessage());
        } catch (Throwable e) {
            failed(e);
        }
    }

    /** Returns false once the queue is closed and empty. */
    private boolean commitWhatWaits() {
        try {
            if (!queue.take(waitNanos())) {
                return false;
            }
            for (PendingWrite<?> write = queue.next(); write != null; write = queue.next()) {
                accept(write);
            }
            commitGroup();
            upkeep();
        } catch (Throwable e) {
            refusals.refuseTaken(failed(e));
        }
        return true;
    }

    private long waitNanos() {
        if (!in.availability.mayWrite()) {
            return SPACE_CHECK_NANOS;
        }
        long wait = log.hasUnmarkedData() ? IDLE_NANOS : SPACE_CHECK_NANOS;
        if (in.options.syncPolicy() == SyncPolicy.INTERVAL && !log.isDurable()) {
            long sinceSync = in.clock.nanoTime() - lastSyncNanos;
            wait = Math.min(wait, Math.max(1, syncIntervalNanos() - sinceSync));
        }
        return wait;
    }

    private void accept(PendingWrite<?> write) {
        if (!fitsIntoGroup(write)) {
            commitGroup();
        }
        StoreException refused = refusal(write);
        if (refused != null) {
            fail(write, refused);
            return;
        }
        try {
            if (write instanceof PendingWrite.Control control) {
                carryOut(control);
            } else if (write instanceof PendingWrite.OfKey<?> ofKey) {
                append(ofKey);
            }
        } catch (StoreIoException e) {
            failedRolls.failed(String.valueOf(e.getMessage()));
            fail(write, e);
        } catch (Throwable e) {
            failGroup(e, write);
        }
    }

    private @Nullable StoreException refusal(PendingWrite<?> write) {
        StoreException refused = in.availability.refusal(!(write instanceof PendingWrite.Set));
        if (refused != null || !(write instanceof PendingWrite.Set set)) {
            return refused;
        }
        if (log.growthBytes(FrameHeader.setBytes(set.value.length)) > in.space.quotaRoomBytes()) {
            return in.space.quotaReached();
        }
        return in.indexLimit.isReached() && !group.isPresent(set.key) ? in.indexLimit.refusal() : null;
    }

    /** Whether the write may join the group. Where it may not, the group is committed before the write is judged. */
    private boolean fitsIntoGroup(PendingWrite<?> write) {
        if (write instanceof PendingWrite.Control) {
            return false;
        }
        int frameBytes = write instanceof PendingWrite.Set set
                ? FrameHeader.setBytes(set.value.length)
                : FrameHeader.REMOVE_BYTES;
        return group.frameBytes() == 0 || (group.frameBytes() + frameBytes <= GROUP_BYTES_MAX && log.fits(frameBytes));
    }

    private void carryOut(PendingWrite.Control control) throws IOException {
        switch (control.action) {
            case SEAL -> log.seal(nextVersion);
            case SYNC -> sync();
            case FAIL -> throw control.cause();
            default -> throw new IllegalStateException("asked for " + control.action);
        }
        queue.release(List.of(control));
        control.done();
    }

    private void fail(PendingWrite<?> write, StoreException cause) {
        if (write instanceof PendingWrite.OfKey) {
            in.counters.failed.increment();
        }
        queue.release(List.of(write));
        write.fail(cause);
    }

    private void append(PendingWrite.OfKey<?> write) throws IOException {
        write.location = 0;
        int frameBytes = 0;
        if (write instanceof PendingWrite.Set set) {
            frameBytes = FrameHeader.setBytes(set.value.length);
            begin(frameBytes);
            set.location = log.appendSet(nextVersion, set.key, set.value);
        } else if (group.isPresent(write.key)) {
            frameBytes = FrameHeader.REMOVE_BYTES;
            begin(frameBytes);
            write.location = log.appendRemove(nextVersion, write.key);
        }
        write.version = frameBytes == 0 ? nextVersion - 1 : nextVersion++;
        group.add(write, frameBytes);
    }

    private void begin(int frameBytes) throws IOException {
        if (group.frameBytes() == 0) {
            log.begin(frameBytes, nextVersion);
        }
    }

    private void commitGroup() {
        if (group.isEmpty()) {
            return;
        }
        try {
            if (group.frameBytes() > 0) {
                log.flush();
                lastWriteNanos = in.clock.nanoTime();
            }
            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {
                sync();
            }
            for (PendingWrite.OfKey<?> write : group.writes()) {
                if (write.location != 0) {
                    apply(write);
                }
            }
            log.end();
        } catch (Throwable e) {
            failGroup(e, null);
            return;
        }
        queue.release(group.writes());
        for (PendingWrite.OfKey<?> write : group.writes()) {
            acknowledge(write);
            write.letGo();
        }
        group.clear();
    }

    private void apply(PendingWrite.OfKey<?> write) {
        Segment segment = in.segments.of(write.location);
        long before;
        if (write instanceof PendingWrite.Set set) {
            segment.counters().addSet();
            segment.counters().becameLive(set.location);
            before = in.index.put(set.key, set.location);
            in.cache.written(set.key, set.location, set.version, set.value);
        } else {
            segment.counters().addTombstone(write.version);
            before = in.index.remove(write.key);
            in.cache.remove(write.key);
        }
        write.existed = before != OrderedIndex.ABSENT;
        Segment segmentBefore = write.existed ? in.segments.find(RecordLocation.segmentId(before)) : null;
        if (segmentBefore != null) {
            segmentBefore.counters().becameDead(before);
        }
        lastAppliedVersion = write.version;
    }

    private void acknowledge(PendingWrite.OfKey<?> write) {
        in.counters.userBytes.add(Long.BYTES + write.queuedBytes());
        (write instanceof PendingWrite.Set ? in.counters.sets : in.counters.removes).increment();
        write.acknowledge();
    }

    private void sync() throws IOException {
        if (log.isDurable()) {
            return;
        }
        long start = in.clock.nanoTime();
        log.sync();
        lastSyncNanos = in.clock.nanoTime();
        in.counters.syncs.increment();
        in.listener.synced(lastSyncNanos - start, group.writes().size(), group.frameBytes());
    }

    /** Fails the group, and the write that was about to join it, if any. */
    private StoreException failGroup(Throwable cause, @Nullable PendingWrite<?> joining) {
        StoreException refusal = failed(cause);
        List<PendingWrite<?>> writes = new ArrayList<>(group.writes());
        if (joining != null) {
            writes.add(joining);
        }
        group.clear();
        boolean tryAgain = refusal instanceof DiskFullException && !triedAgain;
        List<PendingWrite<?>> removes = new ArrayList<>();
        for (PendingWrite<?> write : writes) {
            if (tryAgain && write instanceof PendingWrite.Remove) {
                removes.add(write);
            } else {
                fail(write, refusal);
            }
        }
        if (!removes.isEmpty()) {
            triedAgain = true;
            removes.forEach(this::accept);
            commitGroup();
            triedAgain = false;
        }
        return refusal;
    }

    /** Takes the group back where only space is lacking; everything else ends writing for good. */
    private StoreException failed(Throwable cause) {
        in.counters.failedWith(cause);
        if (cause instanceof NoSpaceException) {
            try {
                log.rollBack();
                return in.space.isFull(String.valueOf(cause.getMessage()));
            } catch (IOException e) {
                e.addSuppressed(cause);
                return in.availability.fail(StoreReadOnlyException.Reason.IO_FAILED, reasonOf(e));
            }
        }
        return in.availability.fail(StoreReadOnlyException.Reason.IO_FAILED, reasonOf(cause));
    }

    /** The reason with the file that it is about. */
    private String reasonOf(Throwable cause) {
        boolean namesItsFile = !(cause instanceof IOException)
                || cause instanceof SyncFailedException
                || cause instanceof UncertainManifestException;
        return namesItsFile
                ? SystemReason.of(cause)
                : String.valueOf(new StoreIoException("write", log.path(), cause).getMessage());
    }

    private void upkeep() {
        long now = in.clock.nanoTime();
        try {
            failedRolls.tellWhatIsDue();
            in.space.watchQuota();
            in.indexLimit.watch();
            if (in.availability.state() == StoreState.DISK_FULL) {
                in.space.lookForRoom(
                        in.segments.directory(),
                        in.options.reserveBytes() + in.options.segmentBytesMax() / SPACE_RETURNED_SHARE);
            }
            boolean syncDue =
                    in.options.syncPolicy() == SyncPolicy.INTERVAL && now - lastSyncNanos >= syncIntervalNanos();
            if (syncDue && in.availability.mayWrite()) {
                sync();
            }
            if (in.availability.state() == StoreState.WRITABLE) {
                if (log.hasUnmarkedData() && now - lastWriteNanos >= IDLE_NANOS) {
                    log.markIdle(in.options.syncPolicy() == SyncPolicy.ALWAYS);
                }
            }
        } catch (Throwable e) {
            failed(e);
        }
    }

    private long syncIntervalNanos() {
        return TimeUnit.MILLISECONDS.toNanos(in.options.syncIntervalMillis());
    }
}
