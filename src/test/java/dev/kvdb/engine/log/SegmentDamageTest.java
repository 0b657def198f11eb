package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Flips each bit of a segment of 64 KiB, and cuts it everywhere. */
class SegmentDamageTest {

    private static final int SEGMENT_BYTES = 64 * 1024;
    private static final int RECORDS = 24;

    private final LogFixture fixture = new LogFixture();
    private final List<HintEntry> records = new ArrayList<>();
    private SegmentHeader header;
    private BytesFile file;
    private Segment segment;

    /** A file that is an array, for speed. */
    private static final class BytesFile implements StoreFile {
        private final byte[] bytes;
        private int size;

        BytesFile(byte[] bytes) {
            this.bytes = bytes;
            this.size = bytes.length;
        }

        @Override
        public int read(ByteBuffer target, long position) {
            int count = Math.max(0, Math.min(target.remaining(), size - (int) position));
            target.put(bytes, (int) position, count);
            return count;
        }

        @Override
        public void write(ByteBuffer source, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void truncate(long newSize) {
            size = (int) newSize;
        }

        @Override
        public void sync() {}

        @Override
        public long size() {
            return size;
        }

        @Override
        public void close() {}

        void flip(int bit) {
            bytes[bit >> 3] ^= (byte) (1 << (bit & 7));
        }
    }

    @BeforeEach
    void writeSegment() throws IOException {
        header = LogFixture.header(SegmentHeader.Kind.APPENDED, 1, 1);
        SegmentAppender appender = fixture.appender(header);
        for (int key = 0; key < RECORDS; key++) {
            if (key % 4 == 0) {
                appender.mark();
            }
            int bytes = key < RECORDS - 1 ? 2650 + key % 7 : SEGMENT_BYTES - (int) appender.end() - 33 - 65;
            LogFixture.set(appender, key + 1, key, bytes);
        }
        appender.finish();
        file = new BytesFile(fixture.disk.contents(fixture.disk.path("0000000001.log")));
        segment = Segment.active(header, fixture.directory, file);
        segment.seal(appender.end());
        assertThat(segment.length()).isEqualTo(SEGMENT_BYTES);
        SegmentContents contents = SegmentContents.scan(file, segment);
        for (int row = 0; row < RECORDS; row++) {
            records.add(contents.records().row(row));
        }
    }

    @Test
    void eachOf524288BitFlips_isNeverReturnedAsData() {
        int detected = 0;
        int inRecords = 0;
        for (HintEntry record : records) {
            long location = record.location(1);
            for (int bit = record.offset() * 8; bit < (record.offset() + record.frameBytes()) * 8; bit++) {
                file.flip(bit);
                inRecords++;
                try {
                    SegmentReads.read(segment, location, record.key());
                } catch (DamageException e) {
                    detected++;
                }
                file.flip(bit);
            }
        }
        assertThat(detected).isEqualTo(inRecords);
        assertThat((SEGMENT_BYTES - 128 - 7 * 65) * 8)
                .as("the rest: header and marks")
                .isEqualTo(inRecords);
    }

    @Test
    void eachBitFlip_isReportedByAScanThatLosesNothingElse() throws IOException {
        BitSet inValues = new BitSet();
        records.forEach(record -> inValues.set(record.offset() + 33, record.offset() + record.frameBytes()));
        for (int bit = SegmentHeader.BYTES * 8; bit < SEGMENT_BYTES * 8; bit++) {
            file.flip(bit);
            checkScan(bit >> 3, inValues.get(bit >> 3));
            file.flip(bit);
        }
    }

    private void checkScan(int offset, boolean inValue) throws IOException {
        SegmentContents contents = SegmentContents.scan(file, segment);
        int missing = RECORDS - contents.records().rows();
        boolean reported = contents.damagedValues() + contents.hidden().size() == 1;
        boolean complete = inValue
                ? missing == 0
                : missing <= 4 && (missing == 0 || !contents.hidden().isEmpty());
        if (!reported || !complete) {
            throw new AssertionError("byte " + offset + ": " + contents + ", " + missing + " missing");
        }
        for (int row = 0; row < contents.records().rows(); row++) {
            HintEntry found = contents.records().row(row);
            if (!found.equals(records.get((int) found.key()))) {
                throw new AssertionError("byte " + offset + ": " + found);
            }
        }
    }

    @Test
    void eachTruncation_isReportedByAScanAndCutsOffNoMoreThanItHas() throws IOException {
        for (int size = SEGMENT_BYTES - 1; size >= SegmentHeader.BYTES; size--) {
            file.truncate(size);
            SegmentContents contents = SegmentContents.scan(file, segment);
            int whole = 0;
            for (HintEntry record : records) {
                whole += record.offset() + record.frameBytes() <= size ? 1 : 0;
            }
            if (contents.records().rows() != whole || contents.hidden().isEmpty()) {
                throw new AssertionError("cut at " + size + ": " + contents);
            }
        }
    }

    @Test
    void eachTruncation_isNeverReturnedAsData() {
        HintEntry last = records.get(RECORDS - 1);
        int detected = 0;
        for (int size = last.offset() + last.frameBytes() - 1; size >= last.offset(); size--) {
            file.truncate(size);
            try {
                SegmentReads.read(segment, last.location(1), last.key());
            } catch (DamageException e) {
                detected++;
            }
        }
        assertThat(detected).isEqualTo(last.frameBytes());
        assertThat(FrameHeader.setBytes(last.valueBytes())).isEqualTo(last.frameBytes());
    }
}
