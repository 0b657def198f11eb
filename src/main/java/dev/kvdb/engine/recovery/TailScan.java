package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentScanner;
import dev.kvdb.engine.log.VersionRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the newest appended segment holds after a crash, and how much of it counts.
 *
 * <p>Bytes that are no frame, or whose value fails its checksum, are damage where a mark beyond them says that they
 * were durable. Otherwise the log ends there: what follows was never acknowledged as durable. The last group before its
 * first following mark cannot be told from a torn one.
 *
 * @param durable records that were known to be durable
 * @param recovered intact records behind those; they are written anew and synced before anybody sees them
 * @param hidden versions of records that damage hides
 * @param damagedValues durable records whose value is damaged
 * @param durableTo where {@code recovered} begins, in bytes
 * @param end where the log ends, in bytes
 * @param writtenTo where the file ends, but for zeros behind all else; what lies between {@code end} and there is torn
 * @param lastVersion the highest version seen
 */
record TailScan(
        RecordTable durable,
        RecordTable recovered,
        List<VersionRange> hidden,
        int damagedValues,
        long durableTo,
        long end,
        long writtenTo,
        long lastVersion) {

    private static final int WINDOW_BYTES = 64 * 1024;

    /** Scans the segment; the caller has its file open. */
    static TailScan scan(StoreFile file, Segment segment) throws IOException {
        long fileBytes = file.size();
        long writtenTo = writtenTo(file);
        SegmentScanner scanner = new SegmentScanner(file, segment.path(), segment.header(), fileBytes);
        RecordTable records = new RecordTable();
        List<VersionRange> hidden = new ArrayList<>();
        int damagedValues = 0;
        long durableTo = SegmentHeader.BYTES;
        long end = SegmentHeader.BYTES;
        long lastVersion = scanner.lastVersion();
        while (true) {
            boolean isFrame = scanner.next();
            boolean intact = isFrame && scanner.valueIntact();
            if (!intact) {
                long badAt = isFrame ? scanner.offset() : scanner.position();
                // What looks like a mark inside a value is the value's.
                long durableToNeeded = isFrame ? scanner.position() : badAt + 1;
                long saidDurableTo = badAt < writtenTo ? durableBeyond(scanner, durableToNeeded) : 0;
                durableTo = Math.max(durableTo, saidDurableTo);
                if (saidDurableTo < durableToNeeded) {
                    break;
                }
                if (!isFrame) {
                    SegmentContents.skipDamage(scanner, segment.header(), segment.path(), hidden);
                    continue;
                }
                damagedValues++;
            }
            Optional<Mark> mark = scanner.mark();
            durableTo = Math.max(durableTo, mark.map(Mark::durableTo).orElse(0L));
            SegmentContents.addRecord(scanner, records);
            end = scanner.position();
            lastVersion = scanner.lastVersion();
        }
        durableTo = Math.min(durableTo, end);
        RecordTable durable = new RecordTable();
        RecordTable recovered = new RecordTable();
        for (int row = 0; row < records.rows(); row++) {
            HintEntry record = records.row(row);
            if (record.offset() + (long) record.frameBytes() > durableTo) {
                durableTo = Math.min(durableTo, record.offset());
            }
            (record.offset() < durableTo ? durable : recovered).add(record);
        }
        return new TailScan(
                durable,
                recovered,
                List.copyOf(hidden),
                damagedValues,
                durableTo,
                end,
                Math.max(end, writtenTo),
                lastVersion);
    }

    /**
     * Where the bytes of the newest segment end that were ever written to it: a crash leaves the zeros that the file
     * was filled with ahead of the log. No mark lies behind it, since a mark is not all zeros; a record may end in
     * zeros of its own.
     */
    static long writtenTo(StoreFile file) throws IOException {
        ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
        for (long end = file.size(); end > 0; ) {
            long start = Math.max(0, end - WINDOW_BYTES);
            file.read(window.clear().limit((int) (end - start)), start);
            for (int i = window.position() - 1; i >= 0; i--) {
                if (window.get(i) != 0) {
                    return start + i + 1;
                }
            }
            end = start;
        }
        return 0;
    }

    /** Bytes behind the log's end that a crash tore. */
    long tornBytes() {
        return writtenTo - end;
    }

    /** What the segment holds where it is sealed at {@link #durableTo}. */
    SegmentContents contents() {
        return new SegmentContents(durable, hidden, damagedValues);
    }

    /** What the marks at an offset or beyond it say was durable; it is enough to know one that says as much as that. */
    private static long durableBeyond(SegmentScanner scanner, long offset) throws IOException {
        long durableTo = 0;
        Optional<Mark> mark = scanner.findMark(offset);
        while (mark.isPresent() && durableTo < offset) {
            durableTo = Math.max(durableTo, mark.get().durableTo());
            mark = scanner.findMark(mark.get().offset() + 1);
        }
        return durableTo;
    }
}
