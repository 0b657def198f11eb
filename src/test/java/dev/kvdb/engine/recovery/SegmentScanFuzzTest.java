package dev.kvdb.engine.recovery;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.VersionRange;
import dev.kvdb.testkit.FuzzInput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scans of segments that a fuzzer made, in memory and without a store: of a sealed one, and of one that was being
 * appended to. They find the frames that the {@linkplain PlainSegment plain reading} finds, no others, read nothing
 * past the end, and pick up again at marks only.
 */
class SegmentScanFuzzTest {

    @FuzzTest
    void sealedSegment_isScannedForWhatItIs(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int longer = input.oneOf(16) > 0 ? 0 : input.oneOf(256) - 128;
        FuzzedSegment segment = FuzzedSegment.of(input);
        byte[] bytes = segment.bytes();
        long length = Math.max(SegmentHeader.BYTES, bytes.length + longer);
        int end = (int) Math.min(length, bytes.length);
        SegmentContents found = segment.scan(end, file -> SegmentContents.scan(file, segment.sealedAt(length)));
        Walk walk = Walk.through(new PlainSegment(bytes, end, segment.header()));
        if (found == null || walk == null) {
            if (found != null || walk != null) {
                throw new AssertionError("scanned for " + found + ", and it is " + walk);
            }
            return;
        }
        List<VersionRange> hidden = new ArrayList<>(walk.hidden);
        if (end < length) {
            hidden.add(walk.hiddenFrom(end, Long.MIN_VALUE));
        }
        require(
                rows(found.records()).equals(walk.records),
                "records",
                found.records().rows(),
                walk.records);
        require(found.damagedValues() == walk.damagedValues, "damaged values", found, walk.damagedValues);
        require(places(found.hidden()).equals(places(hidden)), "hidden", found.hidden(), hidden);
        requireEncodedAsStored(segment, found.records());
    }

    @FuzzTest
    void tailOfTheLog_endsAtItsFirstBytesThatNoMarkSaysWereDurable(byte[] data) {
        FuzzedSegment segment = FuzzedSegment.of(new FuzzInput(data));
        byte[] bytes = segment.bytes();
        PlainSegment plain = new PlainSegment(bytes, bytes.length, segment.header());
        TailScan tail = segment.scan(bytes.length, file -> TailScan.scan(file, segment.sealedAt(bytes.length)));
        if (tail == null) {
            require(Walk.through(plain) == null, "a refusal", segment.header(), "a format that is known");
            return;
        }
        boolean inOrder = SegmentHeader.BYTES <= tail.durableTo()
                && tail.durableTo() <= tail.end()
                && tail.end() <= tail.writtenTo()
                && tail.writtenTo() <= bytes.length;
        require(inOrder, "offsets", tail, bytes.length);
        requireEncodedAsStored(segment, tail.durable());
        requireEncodedAsStored(segment, tail.recovered());
        long before = SegmentHeader.BYTES;
        for (HintEntry record : rows(tail.durable())) {
            require(record.offset() >= before && end(record) <= tail.durableTo(), "a durable record", record, tail);
            before = end(record);
        }
        before = tail.durableTo();
        for (HintEntry record : rows(tail.recovered())) {
            boolean intact = plainFrame(plain, record).valueIntact();
            require(intact && record.offset() >= before && end(record) <= tail.end(), "a record", record, tail);
            before = end(record);
        }
        requireNothingDurableBehind(plain, tail);
        requireAllThatIsThere(Walk.through(new PlainSegment(bytes, (int) tail.end(), segment.header())), tail);
    }

    /** Up to the log's end each record is found, each hole, and as durable what a mark says is durable. */
    private static void requireAllThatIsThere(@Nullable Walk walk, TailScan tail) {
        List<HintEntry> found = new ArrayList<>(rows(tail.durable()));
        found.addAll(rows(tail.recovered()));
        if (walk == null || !found.equals(walk.records)) {
            throw new AssertionError("scanned for " + found + ", and it is " + (walk == null ? null : walk.records));
        }
        require(tail.damagedValues() == walk.damagedValues, "damaged values", tail, walk.damagedValues);
        require(places(tail.hidden()).equals(places(walk.hidden)), "hidden", tail.hidden(), walk.hidden);
        List<HintEntry> marked = walk.records.stream()
                .filter(record -> end(record) <= walk.markedTo)
                .toList();
        require(rows(tail.durable()).containsAll(marked), "durable records", tail.durable(), marked);
    }

    /** Where the log ends, no mark behind the bad bytes says that they were durable. */
    private static void requireNothingDurableBehind(PlainSegment plain, TailScan tail) {
        int end = (int) tail.end();
        PlainSegment.Frame bad = plain.frameAt(end);
        boolean isFrame = bad != null && bad.isKnown() && plain.isInPlace(bad, end, tail.lastVersion());
        require(!isFrame || !(bad != null && bad.valueIntact()), "an end before a whole record", tail, bad);
        long needed = isFrame && bad != null ? end + bad.bytes() : end + 1L;
        for (int mark = plain.markFrom((int) needed); mark >= 0; mark = plain.markFrom(mark + 1)) {
            require(plain.durableTo(mark) < needed, "a mark that says more was durable", tail, mark);
        }
    }

    /** What a plain reading of a sealed segment finds. */
    private static final class Walk {

        private final PlainSegment plain;
        private final List<HintEntry> records = new ArrayList<>();
        private final List<VersionRange> hidden = new ArrayList<>();
        private int damagedValues;
        private long lastVersion;
        private long markedTo;

        private Walk(PlainSegment plain) {
            this.plain = plain;
            this.lastVersion = plain.header().firstVersion() - 1;
        }

        /** Null where it has a frame that only a later format has. */
        static @Nullable Walk through(PlainSegment plain) {
            Walk walk = new Walk(plain);
            for (int at = SegmentHeader.BYTES; at < plain.end(); ) {
                PlainSegment.Frame frame = plain.frameAt(at);
                if (frame != null && !frame.isKnown()) {
                    return null;
                }
                if (frame != null && plain.isInPlace(frame, at, walk.lastVersion)) {
                    walk.add(frame, at);
                    at += (int) frame.bytes();
                    continue;
                }
                int mark = plain.markFrom(at + 1);
                walk.hidden.add(walk.hiddenFrom(at, mark < 0 ? Long.MIN_VALUE : version(plain, mark)));
                if (mark < 0) {
                    break;
                }
                at = mark;
            }
            return walk;
        }

        private static long version(PlainSegment plain, int mark) {
            return ByteBuffer.wrap(plain.bytes()).getLong(mark + 4);
        }

        private void add(PlainSegment.Frame frame, int at) {
            lastVersion = Math.max(lastVersion, frame.version());
            damagedValues += frame.valueIntact() ? 0 : 1;
            if (plain.isMark(at)) {
                markedTo = Math.max(markedTo, plain.durableTo(at));
            }
            if (frame.op() != PlainSegment.MARK) {
                int valueBytes = frame.isRemove() ? HintEntry.TOMBSTONE : frame.valueBytes();
                records.add(new HintEntry(frame.key(), frame.version(), at, valueBytes));
            }
        }

        private VersionRange hiddenFrom(int at, long markVersion) {
            boolean appended = plain.header().kind() == SegmentHeader.Kind.APPENDED;
            long last = appended ? Long.MAX_VALUE : plain.header().liveAsOf();
            return new VersionRange(
                    appended ? lastVersion + 1 : plain.header().firstVersion(),
                    markVersion == Long.MIN_VALUE ? last : markVersion,
                    "",
                    at);
        }
    }

    private static List<List<Long>> places(List<VersionRange> ranges) {
        return ranges.stream()
                .map(range -> List.of(range.from(), range.to(), range.offset()))
                .toList();
    }

    private static List<HintEntry> rows(RecordTable table) {
        List<HintEntry> rows = new ArrayList<>();
        for (int row = 0; row < table.rows(); row++) {
            rows.add(table.row(row));
        }
        return rows;
    }

    private static void requireEncodedAsStored(FuzzedSegment segment, RecordTable table) {
        for (HintEntry record : rows(table)) {
            int at = record.offset();
            int valueCrc = ByteBuffer.wrap(segment.bytes()).getInt(at + 12);
            FrameHeader header = record.isTombstone()
                    ? new FrameHeader(record.version(), valueCrc, FrameHeader.Kind.REMOVE, record.key(), 0)
                    : new FrameHeader(
                            record.version(), valueCrc, FrameHeader.Kind.SET, record.key(), record.valueBytes());
            ByteBuffer encoded = ByteBuffer.allocate(header.headerBytes());
            header.encode(encoded, segment.header().salt());
            boolean same =
                    Arrays.equals(encoded.array(), 0, encoded.capacity(), segment.bytes(), at, at + encoded.capacity());
            long location = record.location(segment.header().segmentId());
            boolean located = RecordLocation.offset(location) == at
                    && RecordLocation.frameBytesAtLeast(location) >= record.frameBytes();
            require(same && located, "a record that is stored", record, location);
        }
    }

    private static PlainSegment.Frame plainFrame(PlainSegment plain, HintEntry record) {
        PlainSegment.Frame frame = plain.frameAt(record.offset());
        if (frame == null) {
            throw new AssertionError("there is no frame where " + record + " was found");
        }
        return frame;
    }

    private static long end(HintEntry record) {
        return record.offset() + (long) record.frameBytes();
    }

    private static void require(boolean holds, String what, Object found, Object expected) {
        if (!holds) {
            throw new AssertionError(what + ": found " + found + ", and it should fit " + expected);
        }
    }
}
