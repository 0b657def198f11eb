package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Seeds;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LostSaltTest {

    private static final long OFFSET = 4_711;

    private static SegmentHeader header(UUID storeId, long salt) {
        return new SegmentHeader(SegmentHeader.Kind.APPENDED, storeId, 3, 1, 0, SegmentHeader.Previous.NONE, salt);
    }

    @Test
    void saltFoundByAMark_isAsGoodForEachOtherFrame() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 1_000; i++) {
                SegmentHeader lost = header(new UUID(random.nextLong(), random.nextLong()), random.nextLong());
                ByteBuffer mark = ByteBuffer.allocate(Mark.FRAME_BYTES);
                new Mark(lost.storeId(), 3, OFFSET, random.nextLong(OFFSET), random.nextLong(1L << 40))
                        .encode(mark, lost.salt());

                Optional<SegmentHeader> found =
                        LostSalt.saltedByMark(mark.flip(), 0, header(lost.storeId(), 0), OFFSET);

                assertThat(found).isPresent();
                for (FrameHeader frame : new FrameHeader[] {
                    FrameHeader.ofRemove(random.nextLong(FrameHeader.VERSION_MAX), random.nextLong()),
                    FrameHeader.ofSet(
                            random.nextLong(FrameHeader.VERSION_MAX), random.nextLong(), new byte[random.nextInt(50)])
                }) {
                    ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES_MAX);
                    frame.encode(bytes, lost.salt());
                    long salt = found.get().salt();
                    assertThat(FrameHeader.decode(bytes.flip(), 0, salt, "test"))
                            .contains(frame);
                    bytes.put(5, (byte) (bytes.get(5) ^ 1));
                    assertThat(FrameHeader.decode(bytes, 0, salt, "test")).isEmpty();
                }
            }
        });
    }

    @Test
    void bytesThatAreNoMarkOfTheSegment_giveNoSalt() {
        SegmentHeader segment = header(new UUID(1, 2), 99);
        ByteBuffer mark = ByteBuffer.allocate(Mark.FRAME_BYTES);
        new Mark(segment.storeId(), 3, OFFSET, 0, 7).encode(mark, 99);
        mark.flip();
        assertThat(LostSalt.saltedByMark(mark, 0, segment, OFFSET)).isPresent();
        assertThat(LostSalt.saltedByMark(mark, 0, segment, OFFSET + 1)).isEmpty();
        assertThat(LostSalt.saltedByMark(mark, 0, header(new UUID(1, 3), 99), OFFSET))
                .isEmpty();
        assertThat(LostSalt.saltedByMark(mark.slice(0, Mark.FRAME_BYTES - 1), 0, segment, OFFSET))
                .isEmpty();
        mark.put(Mark.FRAME_BYTES - 1, (byte) 1);
        assertThat(LostSalt.saltedByMark(mark, 0, segment, OFFSET)).isEmpty();
    }
}
