package dev.kvdb.engine.gc;

import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The new segment of one swap: what is live in the victims, and the tombstones that are still needed. Records keep
 * their versions. It is written under a temporary name; closing it before it is {@link #published} takes it back.
 *
 * <p>Belongs to one thread.
 */
final class SegmentCopy implements AutoCloseable {

    private static final Logger LOG = System.getLogger(SegmentCopy.class.getName());

    private final Segments segments;
    private final OrderedIndex index;
    private final long firstVersion;
    private final long liveAsOf;
    private final long salt;
    private final StoreDirectory directory;

    /** What was copied, in the order of the new segment, and beside it the locations that sets were copied from. */
    private final RecordTable records = new RecordTable();

    private long[] copiedFrom = new long[64];

    private @Nullable StoreFile file;
    private @Nullable SegmentAppender appender;
    private @Nullable SegmentHeader header;
    private @Nullable Segment output;
    private boolean published;

    /**
     * @param segments the store's segments
     * @param index the store's index
     * @param firstVersion no record of a victim has a lower version
     * @param liveAsOf the newest applied version, taken before the first record is judged
     * @param salt the new segment's salt
     */
    SegmentCopy(Segments segments, OrderedIndex index, long firstVersion, long liveAsOf, long salt) {
        this.segments = segments;
        this.index = index;
        this.firstVersion = firstVersion;
        this.liveAsOf = liveAsOf;
        this.salt = salt;
        this.directory = segments.directory();
    }

    /**
     * Copies what a victim has that must stay.
     *
     * @param holders the segments that may hold tombstones back
     * @throws DamageException where a record that must stay is damaged; the victim is marked, and stays as a whole
     */
    void copyFrom(Segment victim, List<Segment> holders, Pace pace, BooleanSupplier cancelled) throws IOException {
        Segment pinned = segments.pin(victim.id());
        if (pinned == null) {
            throw new IllegalStateException("segment " + victim.id() + " is gone before its collection");
        }
        try {
            RecordTable contents = contentsOf(victim);
            for (int row : contents.byOffset()) {
                if (cancelled.getAsBoolean()) {
                    return;
                }
                HintEntry record = contents.row(row);
                if (mustStay(record, victim, holders)) {
                    copy(record, victim);
                    pace.await(record.frameBytes());
                }
            }
        } catch (DamageException e) {
            victim.markDamaged();
            throw e;
        } finally {
            victim.unpin();
        }
    }

    /** Syncs the new segment, and gives its id out and then its name. Null where nothing had to be copied. */
    @Nullable
    Segment finish() throws IOException {
        SegmentHeader written = header;
        SegmentAppender open = appender;
        StoreFile openFile = file;
        if (written == null || open == null || openFile == null) {
            return null;
        }
        open.finish();
        openFile.close();
        file = null;
        segments.giveOut(written.segmentId());
        directory.publish(StoreFileNames.segment(written.segmentId()));
        Segment finished = Segment.sealed(written, directory, open.end());
        for (int row = 0; row < records.rows(); row++) {
            HintEntry record = records.row(row);
            if (record.isTombstone()) {
                finished.counters().addTombstone(record.version());
            } else {
                finished.counters().addSet();
            }
        }
        output = finished;
        return finished;
    }

    /** The manifest lists the new segment now. */
    void published() {
        published = true;
    }

    /** Points the index at the copies of all records that nobody wrote meanwhile. */
    void moveIndex(AppliedWrites writes) {
        Segment target = output;
        if (target == null) {
            return;
        }
        for (int row = 0; row < records.rows(); row++) {
            HintEntry record = records.row(row);
            if (!record.isTombstone()) {
                long from = copiedFrom[row];
                long to = record.location(target.id());
                target.counters().becameLive(to);
                if (index.replace(record.key(), from, to)) {
                    writes.moved(record.key(), from, to);
                } else {
                    target.counters().becameDead(to);
                }
            }
        }
    }

    /** Writes the new segment's hint. */
    void writeHint() {
        Segment target = output;
        if (target != null) {
            try {
                HintFile.write(directory, target, records);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "writing the hint of " + target.path() + " failed; the next open does it: " + e);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (file != null) {
                file.close();
            }
        } finally {
            if (!published && header != null) {
                String name = StoreFileNames.segment(header.segmentId());
                directory.deleteIfExists(StoreFileNames.temporary(name));
                directory.deleteIfExists(name);
            }
        }
    }

    private RecordTable contentsOf(Segment victim) {
        try (HintFile hint = HintFile.open(directory, victim)) {
            RecordTable contents = new RecordTable();
            for (HintEntry record = hint.next(); record != null; record = hint.next()) {
                contents.add(record);
            }
            return contents;
        } catch (DamageException | IOException e) {
            LOG.log(Level.DEBUG, "scanning " + victim.path() + " for lack of a hint: " + e);
        }
        SegmentContents scanned = scan(victim);
        if (!scanned.hidden().isEmpty()) {
            throw new DamageException(
                    victim.path(), scanned.hidden().get(0).offset(), "a record", "bytes that fail their checksum");
        }
        return scanned.records();
    }

    /** Scans a victim. One that the disk does not give back is kept, as a damaged one is. */
    private static SegmentContents scan(Segment victim) {
        try {
            return SegmentContents.scan(victim.file(), victim);
        } catch (IOException e) {
            throw new DamageException(victim.path(), 0, "a segment", "a read that failed: " + e.getMessage());
        }
    }

    private boolean mustStay(HintEntry record, Segment victim, List<Segment> holders) {
        return record.isTombstone()
                ? !TombstoneRule.mayGo(record.version(), holders)
                : index.get(record.key()) == record.location(victim.id());
    }

    private void copy(HintEntry record, Segment victim) throws IOException {
        SegmentReads.StoredRecord stored = read(record, victim);
        long to = appender().append(stored.header(), stored.value());
        if (records.rows() == copiedFrom.length) {
            copiedFrom = Arrays.copyOf(copiedFrom, 2 * copiedFrom.length);
        }
        copiedFrom[records.rows()] = record.location(victim.id());
        records.add(new HintEntry(record.key(), record.version(), RecordLocation.offset(to), record.valueBytes()));
    }

    /** Reads a record that must stay. One that the disk does not give back keeps its victim, as a damaged one does. */
    private static SegmentReads.StoredRecord read(HintEntry record, Segment victim) {
        try {
            return SegmentReads.read(victim, record.location(victim.id()), record.key());
        } catch (StoreIoException e) {
            throw new DamageException(victim.path(), record.offset(), "a record", "a read that failed: " + reasonOf(e));
        }
    }

    private static String reasonOf(StoreIoException failure) {
        Throwable cause = failure.getCause();
        return SystemReason.of(cause == null ? failure : cause);
    }

    private SegmentAppender appender() throws IOException {
        if (appender == null) {
            header = new SegmentHeader(
                    SegmentHeader.Kind.REWRITTEN,
                    segments.storeId(),
                    segments.nextId(),
                    firstVersion,
                    liveAsOf,
                    Previous.NONE,
                    salt);
            String name = StoreFileNames.temporary(StoreFileNames.segment(header.segmentId()));
            // A crash or a failed deletion may have left one.
            directory.deleteIfExists(name);
            StoreFile created = SegmentAppender.create(directory, name, header);
            file = created;
            appender = new SegmentAppender(
                    directory, header, created, ByteBuffer.allocateDirect(SegmentAppender.BUFFER_BYTES));
        }
        return appender;
    }
}
