package dev.kvdb.engine;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.gc.GarbageCollector;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.ActiveLog;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.SyncFailedException;
import dev.kvdb.engine.recovery.OnlineVerification;
import dev.kvdb.engine.recovery.SnapshotFile;
import dev.kvdb.engine.recovery.VerificationReport;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/**
 * The {@link Store} over one log-structured directory.
 *
 * <p>Reads run in the calling thread: the index gives the location, the cache the value if it was read from there, else
 * one disk access does. All writes go through the {@link Committer}. Each swap of a garbage collection and each
 * snapshot exclude one another by the maintenance lock; neither excludes reads or writes.
 */
final class LogStructuredStore implements Store {

    private static final Logger LOG = System.getLogger(LogStructuredStore.class.getName());

    /** So many times as much room as zeros ahead of the log take must be left. */
    private static final int ROOM_PER_ZERO = 64;

    private final StoreOptions options;
    private final StoreOpening opening;
    private final Segments segments;
    private final OrderedIndex index;
    private final ValueCache cache;
    private final HiddenVersions hiddenVersions;
    private final Availability availability;
    private final Quota quota;
    private final DiskSpace space;
    private final FreeSpace freeSpace;
    private final WriteCounters writeCounters = new WriteCounters();
    private final LongAdder damagedReads = new LongAdder();

    /** Fair, so that hints and snapshots get their turn between the swaps of a long collection. */
    private final ReentrantLock maintenance = new ReentrantLock(true);

    private final WriteQueue queue;
    private final Committer committer;
    private final LogWrites writes;
    private final CollectionRuns collections;
    private final VerificationRuns verifications;
    private final Maintainer maintainer;
    private final WriteBrake brake;
    private final StoreThreads threads;
    private final StoreThreads.StoreThread committerThread;
    private final StoreThreads.StoreThread maintainerThread;

    /** Bytes written when the newest snapshot was made, so that a store that did not change makes none. */
    private long snapshotAtBytesWritten;

    private boolean closed;

    private LogStructuredStore(
            Path path, StoreOptions options, Environment environment, StoreListener listener, StoreOpening opening) {
        this.options = options;
        this.opening = opening;
        this.segments = opening.recovered().segments();
        this.index = opening.recovered().index();
        this.cache = new ValueCache(options.cacheBytesMax());
        this.hiddenVersions = HiddenVersions.of(
                opening.recovered().hidden(), opening.recovered().tombstones());
        this.availability = new Availability(path.toString(), listener);
        boolean snapshotIsCurrent =
                opening.recovered().clean() && opening.recovered().snapshotRead();
        this.snapshotAtBytesWritten = snapshotIsCurrent ? opening.directory().bytesWritten() : -1;
        this.queue = new WriteQueue(
                path.toString(), environment.clock(), options.writeQueueRequestsMax(), options.writeQueueBytesMax());
        this.quota = new Quota(path.toString(), options.quotaBytes(), opening.measured()::totalBytes);
        this.space = new DiskSpace(opening.reserve(), availability, quota);
        this.freeSpace = new FreeSpace(opening.directory(), environment.clock());
        this.writes = new LogWrites(queue, cache, this::lastAppliedVersion, availability, writeCounters);
        RandomGenerator random = new SharedRandom(environment.random());
        GarbageCollector collector = new GarbageCollector(
                segments,
                index,
                writes,
                random,
                environment.clock(),
                new GarbageCollector.Limits(
                        options.segmentBytesMax(), options.garbageCollection().bytesPerSecondMax()));
        this.collections = new CollectionRuns(
                new CollectionRuns.Surroundings(
                        options, environment.clock(), segments, maintenance, availability, space),
                collector,
                writes);
        this.verifications = new VerificationRuns(
                path.toString(),
                environment.clock(),
                new OnlineVerification.Subject(segments, index, options.openFilesMax(), writes::awaitApplied));
        this.maintainer = new Maintainer(segments, environment.clock(), options, maintenance, new Chores());
        this.brake = new WriteBrake(
                environment.clock(),
                options.segmentBytesMax(),
                () -> collections.isBehind() && !writes.isCommitterWaitedFor());
        this.committer = new Committer(
                new Committer.Surroundings(
                        options,
                        environment.clock(),
                        segments,
                        index,
                        new IndexLimit(path.toString(), index, options.indexBytesMax()),
                        cache,
                        space,
                        availability,
                        writeCounters,
                        listener),
                queue,
                new ActiveLog(segments, random, options.segmentBytesMax(), this::zeroBytesMax, this::segmentSealed),
                opening.recovered().nextVersion());
        this.threads = new StoreThreads(environment.threads());
        this.committerThread = threads.make("committer", committer);
        this.maintainerThread = threads.make("maintainer", maintainer);
    }

    static LogStructuredStore open(Path path, StoreOptions options, Environment environment, StoreListener listener) {
        StoreOpening opening = StoreOpening.open(path, options, environment, listener);
        LogStructuredStore store = null;
        try {
            store = new LogStructuredStore(path, options, environment, listener, opening);
            store.start();
            return store;
        } catch (RuntimeException | Error e) {
            if (store == null) {
                opening.close();
            } else {
                store.close();
            }
            throw e;
        }
    }

    private void start() {
        if (!hiddenVersions.isEmpty()) {
            availability.fail(StoreReadOnlyException.Reason.DAMAGED, hiddenVersions.describe());
        } else if (!opening.reserveTaken()) {
            availability.diskFull("no room for the reserve of " + options.reserveBytes() + " bytes");
        } else if (quota.roomBytes() < 0) {
            space.quotaReached();
        }
        committerThread.start();
        maintainerThread.start();
        threads.make("free-space", freeSpace).start();
    }

    @Override
    public Optional<Entry> get(long key) {
        while (true) {
            availability.checkOpen();
            long location = index.get(key);
            if (location == OrderedIndex.ABSENT) {
                hiddenVersions.checkAbsent(key);
                return Optional.empty();
            }
            ValueCache.CachedValue cached = cache.get(key, location);
            if (cached != null) {
                return Optional.of(new Entry(key, cached.version(), cached.value()));
            }
            try {
                Segment segment = segments.pin(RecordLocation.segmentId(location));
                if (segment != null) {
                    return Optional.of(readPinned(segment, location, key));
                }
            } catch (DamageException e) {
                damagedReads.increment();
                throw e;
            }
        }
    }

    @Override
    public Lookup lookup(long key) {
        availability.checkOpen();
        long location = index.get(key);
        if (location == OrderedIndex.ABSENT) {
            hiddenVersions.checkAbsent(key);
            return Lookup.Absent.INSTANCE;
        }
        ValueCache.CachedValue cached = cache.get(key, location);
        return cached == null
                ? new Lookup.OnDisk(RecordLocation.frameBytesAtLeast(location) - FrameHeader.BYTES_MAX)
                : new Lookup.Cached(new Entry(key, cached.version(), cached.value()));
    }

    @Override
    public CompletionStage<SetResult> set(long key, byte[] value) {
        PendingWrite.Set write = new PendingWrite.Set(key, value);
        if (value.length > options.valueBytesMax()) {
            write.fail(InvalidStoreArgumentException.valueTooLarge(value.length, options.valueBytesMax()));
        } else {
            enqueue(write);
        }
        return write;
    }

    @Override
    public CompletionStage<RemoveResult> remove(long key) {
        PendingWrite.Remove write = new PendingWrite.Remove(key);
        enqueue(write);
        return write;
    }

    @Override
    public Iterator<Entry> entries() {
        availability.checkOpen();
        return new EntryIterator(index.cursor(Long.MIN_VALUE), this::get);
    }

    @Override
    public GarbageCollectionReport collectGarbage(GarbageCollectionRequest request) {
        availability.checkOpen();
        return threads.call("collector", () -> collections.run(request));
    }

    @Override
    public VerificationReport verify(VerificationRequest request, VerificationListener listener) {
        availability.checkOpen();
        return verifications.run(request, listener);
    }

    @Override
    public StoreStatistics statistics() {
        return new StoreStatistics(
                availability.state(),
                availability.detail(),
                index.size(),
                committer.lastAppliedVersion(),
                freeSpace.bytes(),
                quota.usedBytes(),
                quota.bytes(),
                index.memoryBytes(),
                options.indexBytesMax(),
                segments.openFiles(),
                StoreStatistics.Log.of(segments.all()),
                new StoreStatistics.Writes(
                        writeCounters.sets.sum(),
                        writeCounters.removes.sum(),
                        writeCounters.rejected.sum(),
                        writeCounters.failed.sum(),
                        writeCounters.userBytes.sum(),
                        opening.directory().bytesWritten(),
                        writeCounters.syncs.sum(),
                        writeCounters.lastSyncError(),
                        queue.requests(),
                        queue.bytes()),
                new StoreStatistics.Reads(
                        cache.hits(), cache.misses(), cache.evictions(), cache.bytes(), damagedReads.sum()),
                collections.statistics(),
                opening.recoveryStatistics());
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        freeSpace.close();
        collections.cancel();
        verifications.close();
        queue.close();
        committerThread.join();
        maintainer.close();
        maintainerThread.join();
        maintenance.lock();
        try {
            // On a full disk, what the reserve gave is for removes and collections.
            if (availability.state() == StoreState.WRITABLE
                    && opening.directory().bytesWritten() != snapshotAtBytesWritten) {
                SnapshotFile.write(segments, index, committer::lastAppliedVersion);
                SnapshotFile.publish(opening.directory());
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, "writing the index snapshot failed; the next open takes longer: " + e);
        } finally {
            maintenance.unlock();
            availability.close();
            opening.close();
        }
    }

    /** Reads a record, and gives the segment's pin back. */
    private Entry readPinned(Segment segment, long location, long key) {
        cache.countMiss();
        try {
            SegmentReads.StoredRecord stored = SegmentReads.readSet(segment, location, key);
            FrameHeader header = stored.header();
            hiddenVersions.checkSurviving(key, header.version());
            cache.read(key, location, header.version(), stored.bytes());
            return new Entry(key, header.version(), stored.bytes());
        } catch (DamageException e) {
            segment.noteDamage();
            throw e;
        } finally {
            segment.unpin();
        }
    }

    private void enqueue(PendingWrite<?> write) {
        try {
            StoreException refusal = availability.refusal(write instanceof PendingWrite.Remove);
            if (refusal != null) {
                writeCounters.failed.increment();
                write.fail(refusal);
            } else {
                queue.offer(write);
            }
        } catch (OverloadedException e) {
            writeCounters.rejected.increment();
            write.fail(e);
        } catch (StoreClosedException e) {
            write.fail(e);
        }
    }

    /** Bytes of zeros that may lie ahead of the log: only what nobody will miss. */
    private long zeroBytesMax() {
        return options.syncPolicy() == SyncPolicy.ALWAYS
                ? Math.min(freeSpace.bytes(), quota.roomBytes()) / ROOM_PER_ZERO
                : 0;
    }

    /** In the committer thread. */
    private void segmentSealed(Segment segment) {
        boolean collects = options.garbageCollection().checkWhenSealed();
        if (collects) {
            collections.checkIsDue();
        }
        maintainer.sealed(segment);
        if (collects) {
            brake.hold();
        }
    }

    private long lastAppliedVersion() {
        return committer.lastAppliedVersion();
    }

    /** What the maintainer has done by the store. */
    private final class Chores implements Maintainer.Chores {

        @Override
        public long writeSnapshot() throws IOException {
            if (availability.state() != StoreState.WRITABLE) {
                return 0;
            }
            long bytes = SnapshotFile.write(segments, index, committer::lastAppliedVersion);
            writes.sync();
            try {
                SnapshotFile.publish(opening.directory());
            } catch (SyncFailedException e) {
                // New segments' names are in the same directory: what was lost may be one of theirs.
                throw writes.endWriting(e);
            }
            snapshotAtBytesWritten = opening.directory().bytesWritten();
            return bytes;
        }

        @Override
        public boolean collectGarbage(boolean onlyUnderLoad) {
            if (!availability.mayWrite()) {
                return false;
            }
            try {
                return collections.swapOnce(onlyUnderLoad);
            } catch (StoreClosedException | StoreReadOnlyException e) {
                // The close ended it; or the store has said why it writes no more.
            } catch (StoreException e) {
                LOG.log(Level.WARNING, "garbage collection failed, and is tried again: " + e.getMessage());
            }
            return false;
        }
    }
}
