package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.SegmentHeader.Previous;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MarkTest {

    private static final SegmentHeader SEGMENT =
            new SegmentHeader(SegmentHeader.Kind.APPENDED, new UUID(3, 4), 7, 100, 0, Previous.NONE, 99);
    private static final Mark MARK = new Mark(new UUID(3, 4), 7, 5000, 4000, 123);

    @Test
    void mark_isReadAsWritten() {
        ByteBuffer bytes = encoded(MARK);

        assertThat(bytes.limit()).isEqualTo(Mark.FRAME_BYTES);
        assertThat(decode(bytes, SEGMENT, 5000)).contains(MARK);
    }

    @Test
    void eachBitFlip_isDetected() {
        ByteBuffer bytes = encoded(MARK);
        Bits.flipEach(
                bytes,
                bit -> assertThat(decode(bytes, SEGMENT, 5000))
                        .as("bit %d", bit)
                        .isEmpty());
    }

    @Test
    void cutAnywhere_isNoMark() {
        ByteBuffer bytes = encoded(MARK);
        for (int cut = Mark.FRAME_BYTES - 1; cut >= 0; cut--) {
            assertThat(decode(bytes.limit(cut), SEGMENT, 5000)).isEmpty();
        }
    }

    @Test
    void markAtAnotherOffset_isNoMark() {
        assertThat(decode(encoded(MARK), SEGMENT, 5001)).isEmpty();
    }

    @Test
    void markOfAnotherStoreOrSegment_isNoMarkThoughTheSaltIsTheSame() {
        assertThat(decode(encoded(new Mark(new UUID(3, 5), 7, 5000, 4000, 123)), SEGMENT, 5000))
                .isEmpty();
        assertThat(decode(encoded(new Mark(new UUID(2, 4), 7, 5000, 4000, 123)), SEGMENT, 5000))
                .isEmpty();
        assertThat(decode(encoded(new Mark(new UUID(3, 4), 8, 5000, 4000, 123)), SEGMENT, 5000))
                .isEmpty();
    }

    @Test
    void markWithAnotherSizeOfValue_isNoMark() {
        ByteBuffer bytes = ByteBuffer.allocate(200);
        new FrameHeader(123, 0, FrameHeader.Kind.MARK, 5000, 33).encode(bytes, SEGMENT.salt());

        assertThat(decode(bytes.clear(), SEGMENT, 5000)).isEmpty();
    }

    @Test
    void markOfWhatIsNoVersion_isNoMark() {
        for (long version : new long[] {-1, Long.MIN_VALUE, FrameHeader.VERSION_MAX + 1}) {
            assertThat(decode(encoded(new Mark(new UUID(3, 4), 7, 5000, 4000, version)), SEGMENT, 5000))
                    .as("version %d", version)
                    .isEmpty();
        }
    }

    private static ByteBuffer encoded(Mark mark) {
        ByteBuffer bytes = ByteBuffer.allocate(Mark.FRAME_BYTES);
        mark.encode(bytes, SEGMENT.salt());
        return bytes.flip();
    }

    private static Optional<Mark> decode(ByteBuffer bytes, SegmentHeader segment, long offset) {
        return Mark.decode(bytes, 0, segment, offset);
    }
}
