package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SetAsideHeader.Range;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentReads.StoredRecord;
import dev.kvdb.engine.log.SegmentScanner;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.log.VersionRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A segment that a repair has to write anew: what is known of its records, and what of it is bad.
 *
 * @param found the segment
 * @param end where the segment's bytes end that are there
 * @param records all records that are known: those that the hint lists, or else those with an intact header
 * @param bad the bytes that are no intact frame, and those behind the log's end
 * @param hidden versions of records of which not even the key is known
 */
record DamagedSegment(
        SegmentAdoption found, long end, RecordTable records, List<Range> bad, List<VersionRange> hidden) {

    /**
     * Reads all of a segment, and its hint.
     *
     * @param length where the segment ends, or should end
     * @param lastVersion no record in it has a higher version
     */
    static DamagedSegment survey(StoreDirectory directory, SegmentAdoption found, long length, long lastVersion)
            throws IOException {
        Segment segment = found.segment();
        RecordTable records = new RecordTable();
        List<Range> bad = new ArrayList<>();
        List<VersionRange> hidden = new ArrayList<>();
        long end = 0;
        if (found.state() != SegmentAdoption.State.MISSING) {
            try (StoreFile file =
                    directory.files().openForReading(directory.file(StoreFileNames.segment(segment.id())))) {
                end = Math.min(length, file.size());
                if (found.state() != SegmentAdoption.State.WHOLE) {
                    bad.add(new Range(0, Math.min(SegmentHeader.BYTES, file.size())));
                }
                if (found.isReadable()) {
                    scan(file, segment, end, length, records, bad, hidden);
                } else if (end > SegmentHeader.BYTES) {
                    bad.add(new Range(SegmentHeader.BYTES, end - SegmentHeader.BYTES));
                }
                long writtenTo = found.sealed() ? end : TailScan.writtenTo(file);
                if (writtenTo > end) {
                    bad.add(new Range(end, writtenTo - end));
                }
            }
        }
        if (!found.isReadable()) {
            hidden.add(new VersionRange(1, lastVersion, segment.path(), 0));
        }
        RecordTable listed = found.sealed() ? listedByHint(directory, segment) : null;
        if (listed != null && containsAll(listed, records)) {
            return new DamagedSegment(found, end, listed, bad, List.of());
        }
        return new DamagedSegment(
                found,
                end,
                records,
                bad,
                new SegmentContents(records, hidden, 0).upTo(lastVersion).hidden());
    }

    private static void scan(
            StoreFile file,
            Segment segment,
            long end,
            long length,
            RecordTable records,
            List<Range> bad,
            List<VersionRange> hidden)
            throws IOException {
        SegmentScanner scanner = new SegmentScanner(file, segment.path(), segment.header(), end);
        while (!scanner.atEnd()) {
            if (scanner.next()) {
                SegmentContents.addRecord(scanner, records);
                if (!scanner.valueIntact()) {
                    bad.add(new Range(scanner.offset(), scanner.position() - scanner.offset()));
                }
            } else {
                long from = scanner.position();
                boolean resumed = SegmentContents.skipDamage(scanner, segment.header(), segment.path(), hidden);
                bad.add(new Range(from, (resumed ? scanner.position() : end) - from));
                if (!resumed) {
                    break;
                }
            }
        }
        if (end < length) {
            hidden.add(SegmentContents.hiddenToTheEnd(scanner, segment.header(), segment.path(), end));
        }
    }

    /** What the segment's hint says that is in it. Null where there is no intact one. */
    private static @Nullable RecordTable listedByHint(StoreDirectory directory, Segment segment) throws IOException {
        String name = StoreFileNames.hint(segment.id());
        if (!directory.files().exists(directory.file(name))) {
            return null;
        }
        RecordTable listed = readHint(directory, segment);
        if (listed == null) {
            // A read that failed for once must not pass for damage.
            directory.requireReadable(name);
            listed = readHint(directory, segment);
        }
        return listed;
    }

    private static @Nullable RecordTable readHint(StoreDirectory directory, Segment segment) throws IOException {
        RecordTable listed = new RecordTable();
        try (HintFile hint = HintFile.open(directory, segment)) {
            for (HintEntry entry = hint.next(); entry != null; entry = hint.next()) {
                listed.add(entry);
            }
            return listed;
        } catch (DamageException e) {
            return null;
        }
    }

    private static boolean containsAll(RecordTable listed, RecordTable records) {
        Map<Integer, HintEntry> byOffset = byOffset(listed);
        for (int row = 0; row < records.rows(); row++) {
            if (!records.row(row).equals(byOffset.get(records.row(row).offset()))) {
                return false;
            }
        }
        return true;
    }

    private static Map<Integer, HintEntry> byOffset(RecordTable records) {
        Map<Integer, HintEntry> byOffset = new HashMap<>();
        for (int row = 0; row < records.rows(); row++) {
            byOffset.put(records.row(row).offset(), records.row(row));
        }
        return byOffset;
    }

    /** What became of a record that counts. */
    interface Judgement {

        /** It is whole, or can be made whole. */
        void saved(StoredRecord record) throws IOException;

        /** It is lost; {@code known} is what the segment or its hint says of it, or null. */
        void lost(long key, int offset, @Nullable HintEntry known);
    }

    /**
     * Judges the sets at these places, each known to be its key's newest record.
     *
     * @param keys their keys
     * @param locations their locations, in the order of {@code keys}
     */
    void judge(StoreDirectory directory, List<Long> keys, List<Long> locations, Judgement judgement)
            throws IOException {
        Map<Integer, HintEntry> known = byOffset(records);
        if (found.state() == SegmentAdoption.State.MISSING) {
            for (int i = 0; i < keys.size(); i++) {
                int offset = RecordLocation.offset(locations.get(i));
                judgement.lost(keys.get(i), offset, known.get(offset));
            }
            return;
        }
        Segment segment = found.segment();
        Long salt = found.isReadable() ? segment.header().salt() : null;
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.segment(segment.id())))) {
            RecordSalvage salvage = new RecordSalvage(file, salt, end);
            for (int i = 0; i < keys.size(); i++) {
                int offset = RecordLocation.offset(locations.get(i));
                HintEntry entry = known.get(offset);
                boolean usable = entry != null && entry.key() == keys.get(i) && !entry.isTombstone();
                Optional<StoredRecord> record =
                        usable && entry != null ? salvage.read(entry) : salvage.read(keys.get(i), offset);
                if (record.isPresent()) {
                    judgement.saved(record.get());
                } else {
                    judgement.lost(keys.get(i), offset, usable ? entry : null);
                }
            }
        }
    }

    /** The tombstones among the records that are known. */
    RecordTable tombstones() {
        RecordTable tombstones = new RecordTable();
        for (int row = 0; row < records.rows(); row++) {
            if (records.row(row).isTombstone()) {
                tombstones.add(records.row(row));
            }
        }
        return tombstones;
    }

    /** Appends the tombstones, with their versions. */
    void copyTombstones(RepairOutput output) throws IOException {
        RecordTable tombstones = tombstones();
        for (int row : tombstones.byOffset()) {
            HintEntry record = tombstones.row(row);
            output.append(FrameHeader.ofRemove(record.version(), record.key()), RepairOutput.NO_VALUE);
        }
    }
}
