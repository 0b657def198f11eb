package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentScanner;
import dev.kvdb.engine.log.VersionRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Checks each frame of a segment, and goes on behind damage where a mark allows it.
 *
 * <p>Belongs to one thread. Does not own the file.
 */
final class SegmentCheck {

    private static final int BYTES_PER_REPORT = 256 * 1024;

    private final SegmentHeader header;
    private final String path;
    private final SegmentScanner scanner;
    private final Findings findings;
    private final Progress progress;
    private final RecordTable records = new RecordTable();
    private boolean complete = true;
    private long reportedTo = SegmentHeader.BYTES;
    private long sets;
    private long tombstones;
    private long tombstoneVersionMax;
    private long versionMax;

    /**
     * What a segment holds.
     *
     * @param records its records whose header is intact
     * @param complete whether these are all that it ever held
     * @param sets how many of them are sets
     * @param tombstones how many are tombstones
     * @param tombstoneVersionMax the highest version of a tombstone, 0 for none
     * @param versionMax the highest version of a record, 0 for none
     */
    record Contents(
            RecordTable records,
            boolean complete,
            long sets,
            long tombstones,
            long tombstoneVersionMax,
            long versionMax) {

        /** The same where the segment goes on, and nothing of that can be read. */
        Contents cutShort() {
            return new Contents(records, false, sets, tombstones, tombstoneVersionMax, versionMax);
        }

        /** The same for whoever has the records from elsewhere. */
        Contents withoutRecords() {
            return new Contents(new RecordTable(), complete, sets, tombstones, tombstoneVersionMax, versionMax);
        }
    }

    private SegmentCheck(
            SegmentScanner scanner, SegmentHeader header, String path, Findings findings, Progress progress) {
        this.scanner = scanner;
        this.header = header;
        this.path = path;
        this.findings = findings;
        this.progress = progress;
    }

    /**
     * Checks the frames up to {@code end}, where one must end.
     *
     * @param end at most the file's size
     */
    static Contents check(
            StoreFile file, SegmentHeader header, String path, long end, Findings findings, Progress progress) {
        SegmentCheck check =
                new SegmentCheck(new SegmentScanner(file, path, header, end), header, path, findings, progress);
        return check.run(end);
    }

    private Contents run(long end) {
        try {
            while (!scanner.atEnd() && checkNext()) {
                report(BYTES_PER_REPORT);
            }
        } catch (UnsupportedFormatException e) {
            findings.add(path, scanner.position(), e);
            complete = false;
        } catch (IOException e) {
            findings.add(path, scanner.position(), e);
            complete = false;
        }
        progress.addBytes(end - reportedTo);
        return new Contents(records, complete, sets, tombstones, tombstoneVersionMax, versionMax);
    }

    /** False where nothing behind the damage can be read. */
    private boolean checkNext() throws IOException {
        long versionBefore = scanner.lastVersion();
        if (!scanner.next()) {
            return skipDamage();
        }
        FrameHeader frame = scanner.frame();
        if (!scanner.valueIntact()) {
            findings.add(
                    Finding.Kind.VALUE,
                    path,
                    scanner.offset() + frame.headerBytes(),
                    "the value of " + describe(frame) + ", " + frame.valueBytes() + " bytes, fails its checksum");
        }
        if (frame.kind() == FrameHeader.Kind.MARK) {
            checkMark(versionBefore);
        } else {
            checkRecord(frame);
            SegmentContents.addRecord(scanner, records);
        }
        return true;
    }

    private boolean skipDamage() throws IOException {
        complete = false;
        long badAt = scanner.position();
        List<VersionRange> hidden = new ArrayList<>();
        boolean resumed = SegmentContents.skipDamage(scanner, header, path, hidden);
        findings.add(
                Finding.Kind.FRAME,
                path,
                badAt,
                "expected a frame, found other bytes, "
                        + (resumed
                                ? "up to the mark at offset " + scanner.position()
                                : "and no mark behind them: the rest of the segment cannot be checked"));
        return resumed;
    }

    private void checkMark(long versionBefore) throws IOException {
        Optional<Mark> mark = scanner.mark();
        if (mark.isEmpty()) {
            if (scanner.valueIntact()) {
                findings.add(
                        Finding.Kind.MARK,
                        path,
                        scanner.offset(),
                        "the mark is none of this segment: it names another store or segment, or says that what "
                                + "follows it was durable");
            }
        } else if (mark.get().lastVersion() < versionBefore) {
            findings.add(
                    Finding.Kind.MARK,
                    path,
                    scanner.offset(),
                    "the mark says that version " + mark.get().lastVersion() + " was the last, behind version "
                            + versionBefore);
        }
    }

    private void checkRecord(FrameHeader frame) {
        if (frame.kind() == FrameHeader.Kind.SET) {
            sets++;
        } else {
            tombstones++;
            tombstoneVersionMax = Math.max(tombstoneVersionMax, frame.version());
        }
        versionMax = Math.max(versionMax, frame.version());
        // In an appended segment a version that is out of order is no frame to the scanner.
        boolean isRewritten = header.kind() == SegmentHeader.Kind.REWRITTEN;
        if (isRewritten && (frame.version() < header.firstVersion() || frame.version() > header.liveAsOf())) {
            findings.add(
                    Finding.Kind.VERSION,
                    path,
                    scanner.offset(),
                    describe(frame) + " is in a segment of versions " + header.firstVersion() + " to "
                            + header.liveAsOf());
        }
    }

    private void report(long bytesMin) {
        if (scanner.position() - reportedTo >= bytesMin) {
            progress.addBytes(scanner.position() - reportedTo);
            reportedTo = scanner.position();
        }
    }

    private static String describe(FrameHeader frame) {
        return frame.kind() == FrameHeader.Kind.MARK ? "a mark" : "key " + frame.key() + ", version " + frame.version();
    }
}
