package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SegmentHeaderTest {

    private static final SegmentHeader APPENDED = new SegmentHeader(
            SegmentHeader.Kind.APPENDED, new UUID(-1, 2), 7, 100, 0, new Previous(6, 12_345, 99), 0xCAFE_F00D_1234L);
    private static final SegmentHeader REWRITTEN = new SegmentHeader(
            SegmentHeader.Kind.REWRITTEN,
            new UUID(1, 2),
            RecordLocation.SEGMENT_ID_MAX,
            FrameHeader.VERSION_MAX,
            FrameHeader.VERSION_MAX,
            Previous.NONE,
            -1);

    @Test
    void headers_areReadAsWritten() {
        for (SegmentHeader header : new SegmentHeader[] {APPENDED, REWRITTEN}) {
            ByteBuffer bytes = header.encode();

            assertThat(bytes.remaining()).isEqualTo(SegmentHeader.BYTES);
            assertThat(SegmentHeader.decode(bytes, "a file")).isEqualTo(header);
        }
    }

    @Test
    void eachBitFlip_isDamage() {
        ByteBuffer bytes = APPENDED.encode();
        Bits.flipEach(
                bytes,
                bit -> assertThatThrownBy(() -> SegmentHeader.decode(bytes, "a file"))
                        .as("bit %d", bit)
                        .isInstanceOf(DamageException.class)
                        .hasMessageContaining("a file"));
    }

    @Test
    void cutAnywhere_isDamage() {
        ByteBuffer bytes = APPENDED.encode();
        for (int cut = SegmentHeader.BYTES - 1; cut >= 0; cut--) {
            bytes.limit(cut);
            assertThatThrownBy(() -> SegmentHeader.decode(bytes, "a file")).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void previousSegmentThatCannotBe_isDamageAndNotCutToOneThatCan() {
        for (long id : new long[] {-1, 1L << 24, (1L << 32) + 6}) {
            ByteBuffer bytes = APPENDED.encode().putLong(72, id);

            assertThatThrownBy(() -> SegmentHeader.decode(signed(bytes), "a file"))
                    .isInstanceOf(DamageException.class);
        }
    }

    @Test
    void newerFormatVersion_isRefusedByName() {
        ByteBuffer bytes = APPENDED.encode().putShort(8, (short) 2);

        assertThatThrownBy(() -> SegmentHeader.decode(signed(bytes), "a file"))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("a file")
                .hasMessageContaining("format version 2");
    }

    @Test
    void eachUnknownIncompatibleFeature_isRefusedByName() {
        for (int bit = 0; bit < Long.SIZE; bit++) {
            ByteBuffer bytes = APPENDED.encode().putLong(24, 1L << bit);

            assertThatThrownBy(() -> SegmentHeader.decode(signed(bytes), "a file"))
                    .isInstanceOf(UnsupportedFormatException.class)
                    .hasMessageContaining("0x" + Long.toHexString(1L << bit));
        }
    }

    @Test
    void unknownCompatibleFeature_isIgnored() {
        ByteBuffer bytes = APPENDED.encode().putLong(16, -1);

        assertThat(SegmentHeader.decode(signed(bytes), "a file")).isEqualTo(APPENDED);
    }

    @Test
    void unknownKind_isDamage() {
        ByteBuffer bytes = APPENDED.encode().put(12, (byte) 3);

        assertThatThrownBy(() -> SegmentHeader.decode(signed(bytes), "a file"))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("kind 3");
    }

    private static ByteBuffer signed(ByteBuffer bytes) {
        return bytes.putInt(124, Crc32c.of(bytes, 0, 124));
    }
}
