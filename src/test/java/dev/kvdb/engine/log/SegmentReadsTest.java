package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SegmentReadsTest {

    private static final int OFFSET = 128 + 65;
    private static final int VALUE_BYTES = 100;
    private static final long LOCATION = RecordLocation.of(1, OFFSET, 33 + VALUE_BYTES);

    private final LogFixture fixture = new LogFixture();
    private Segment segment;

    @BeforeEach
    void pin() throws IOException {
        segment = fixture.sealed(1, 2, VALUE_BYTES);
        assertThat(segment.pin()).isTrue();
        fixture.files.resetCounts();
    }

    @Test
    void record_isReadWithOneDiskAccess() {
        SegmentReads.StoredRecord record = SegmentReads.read(segment, LOCATION, 0);

        assertThat(record.header()).isEqualTo(FrameHeader.ofSet(1, 0, LogFixture.value(0, VALUE_BYTES)));
        assertThat(record.value().remaining()).isEqualTo(VALUE_BYTES);
        assertThat(fixture.files.count()).isEqualTo(1);
    }

    @Test
    void eachBitFlipOfTheRecord_isDamageThatNamesFileAndOffset() {
        var path = fixture.disk.path("0000000001.log");
        for (int bit = 0; bit < (33 + VALUE_BYTES) * Byte.SIZE; bit++) {
            int flipped = bit;
            fixture.disk.flipBit(path, OFFSET + bit / 8, bit % 8);
            assertThatThrownBy(() -> SegmentReads.read(segment, LOCATION, 0))
                    .as("bit %d", bit)
                    .isInstanceOfSatisfying(DamageException.class, damage -> {
                        assertThat(damage.file()).isEqualTo(path.toString());
                        assertThat(damage.offset()).isEqualTo(flipped < 33 * 8 ? OFFSET : OFFSET + 33);
                    });
            fixture.disk.flipBit(path, OFFSET + bit / 8, bit % 8);
        }
    }

    @Test
    void eachTruncation_isDamage() {
        for (int size = OFFSET + 33 + VALUE_BYTES - 1; size >= 0; size -= 3) {
            fixture.disk.truncateFile(fixture.disk.path("0000000001.log"), size);
            assertThatThrownBy(() -> SegmentReads.read(segment, LOCATION, 0)).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void recordOfAnotherKeyOrAMark_isDamage() {
        assertThatThrownBy(() -> SegmentReads.read(segment, LOCATION, 1))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("key 1");
        long mark = RecordLocation.of(1, 128, 65);
        assertThatThrownBy(() -> SegmentReads.read(segment, mark, 128))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("MARK");
    }

    @Test
    void recordLongerThanABuffer_isReadInPartsAndVerified() throws IOException {
        int valueBytes = 2 * ReadBuffers.BYTES_MAX + 12_345;
        Segment longer = fixture.sealed(2, 1, valueBytes);
        assertThat(longer.pin()).isTrue();
        long location = RecordLocation.of(2, OFFSET, 33 + valueBytes);
        fixture.files.resetCounts();

        SegmentReads.StoredRecord record = SegmentReads.read(longer, location, 0);
        assertThat(record.bytes()).isEqualTo(LogFixture.value(0, valueBytes));
        assertThat(fixture.files.count()).isEqualTo(3);

        var path = fixture.disk.path("0000000002.log");
        for (long at : new long[] {33, ReadBuffers.BYTES_MAX, 2L * ReadBuffers.BYTES_MAX, 32L + valueBytes}) {
            fixture.disk.flipBit(path, OFFSET + at, 3);
            assertThatThrownBy(() -> SegmentReads.read(longer, location, 0))
                    .as("byte %d of the record", at)
                    .isInstanceOfSatisfying(
                            DamageException.class,
                            damage -> assertThat(damage.offset()).isEqualTo(OFFSET + 33));
            fixture.disk.flipBit(path, OFFSET + at, 3);
        }
        for (long kept : new long[] {32L + valueBytes, 2L * ReadBuffers.BYTES_MAX, ReadBuffers.BYTES_MAX, 500, 32}) {
            fixture.disk.truncateFile(path, OFFSET + kept);
            assertThatThrownBy(() -> SegmentReads.read(longer, location, 0))
                    .as("%d bytes of the record", kept)
                    .isInstanceOf(DamageException.class);
        }
    }

    @Test
    void locationOfTooSmallASize_isDamage() {
        assertThatThrownBy(() -> SegmentReads.read(segment, RecordLocation.of(1, OFFSET, 33 + VALUE_BYTES / 2), 0))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("a value of 100 bytes");
    }

    @Test
    void failedRead_isAnErrorThatNamesFileAndOffset() {
        fixture.files.inject(Fault.on(FileOperation.READ));

        assertThatThrownBy(() -> SegmentReads.read(segment, LOCATION, 0))
                .isInstanceOf(StoreIoException.class)
                .hasMessageContaining("at 193")
                .hasMessageContaining("0000000001.log");
    }
}
