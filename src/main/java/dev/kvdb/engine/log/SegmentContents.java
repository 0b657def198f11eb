package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All records of a sealed segment, as a scan of the whole file finds them.
 *
 * @param records the records whose header is intact; a value may still be damaged
 * @param hidden versions of records that damaged headers hide
 * @param damagedValues records whose value is damaged
 */
public record SegmentContents(RecordTable records, List<VersionRange> hidden, int damagedValues) {

    /** Scans a sealed segment; the caller has its file open. */
    public static SegmentContents scan(StoreFile file, Segment segment) throws IOException {
        RecordTable records = new RecordTable();
        List<VersionRange> hidden = new ArrayList<>();
        int damagedValues = 0;
        long end = Math.min(segment.length(), file.size());
        SegmentScanner scanner = new SegmentScanner(file, segment.path(), segment.header(), end);
        while (!scanner.atEnd()) {
            if (scanner.next()) {
                addRecord(scanner, records);
                damagedValues += scanner.valueIntact() ? 0 : 1;
            } else if (!skipDamage(scanner, segment.header(), segment.path(), hidden)) {
                break;
            }
        }
        if (end < segment.length()) {
            hidden.add(hiddenToTheEnd(scanner, segment.header(), segment.path(), end));
        }
        return new SegmentContents(records, List.copyOf(hidden), damagedValues);
    }

    /** The same where it is known from elsewhere that no record in the segment has a higher version. */
    public SegmentContents upTo(long lastVersion) {
        List<VersionRange> left = hidden.stream()
                .map(range -> range.upTo(lastVersion))
                .filter(range -> range.from() <= range.to())
                .toList();
        return new SegmentContents(records, left, damagedValues);
    }

    /** Adds the frame that the scanner is at, unless it is a mark. */
    public static void addRecord(SegmentScanner scanner, RecordTable records) {
        FrameHeader frame = scanner.frame();
        if (frame.kind() != FrameHeader.Kind.MARK) {
            int valueBytes = frame.kind() == FrameHeader.Kind.REMOVE ? HintEntry.TOMBSTONE : frame.valueBytes();
            records.add(new HintEntry(frame.key(), frame.version(), (int) scanner.offset(), valueBytes));
        }
    }

    /** Moves the scanner past bytes that are no frame. False where no mark follows them. */
    public static boolean skipDamage(
            SegmentScanner scanner, SegmentHeader header, String path, List<VersionRange> hidden) throws IOException {
        long from = firstHidden(header, scanner.lastVersion());
        long offset = scanner.position();
        Optional<Mark> mark = scanner.findMark(offset + 1);
        hidden.add(new VersionRange(from, mark.map(Mark::lastVersion).orElse(lastHidden(header)), path, offset));
        mark.ifPresent(found -> scanner.resumeAt(found.offset()));
        return mark.isPresent();
    }

    /** What is hidden where nothing is left of a segment from an offset on, which the scanner has come to. */
    public static VersionRange hiddenToTheEnd(SegmentScanner scanner, SegmentHeader header, String path, long offset) {
        return new VersionRange(firstHidden(header, scanner.lastVersion()), lastHidden(header), path, offset);
    }

    private static long firstHidden(SegmentHeader header, long lastVersion) {
        return header.kind() == SegmentHeader.Kind.APPENDED ? lastVersion + 1 : header.firstVersion();
    }

    /**
     * What is copied was applied by then; in an appended segment, or where the header is lost, nothing but a mark says
     * how far versions went.
     */
    private static long lastHidden(SegmentHeader header) {
        return header.liveAsOf() == 0 ? Long.MAX_VALUE : header.liveAsOf();
    }
}
