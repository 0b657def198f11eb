package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.testkit.SnapshotBytes;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The headers of hints and snapshots, their entries, and the blocks that these are in. */
class CacheFileHeadersTest {

    private static final HintHeader HINT = new HintHeader(new UUID(1, 2), 7, 123_456, 3000);
    private static final SnapshotHeader SNAPSHOT = new SnapshotHeader(
            new UUID(1, 2),
            99,
            1L << 40,
            1L << 44,
            List.of(new CoveredSegment(1, 128, 3, 2, 77), new CoveredSegment(2, 1 << 30, 0, 0, 0)));

    @Test
    void hintHeader_isReadAsWritten() {
        ByteBuffer bytes = HINT.encode();

        assertThat(bytes.remaining()).isEqualTo(HintHeader.BYTES);
        assertThat(HintHeader.decode(bytes, "a hint")).isEqualTo(HINT);
    }

    @Test
    void eachBitFlipAndCutOfAHintHeader_isDamage() {
        ByteBuffer bytes = HINT.encode();
        Bits.flipEach(
                bytes,
                bit -> assertThatThrownBy(() -> HintHeader.decode(bytes, "a hint"))
                        .as("bit %d", bit)
                        .isInstanceOf(DamageException.class));
        for (int cut = HintHeader.BYTES - 1; cut >= 0; cut--) {
            bytes.limit(cut);
            assertThatThrownBy(() -> HintHeader.decode(bytes, "a hint")).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void hintOfAnotherFormatVersion_isDamageThatIsMadeAnew() {
        ByteBuffer bytes = HINT.encode().putShort(8, (short) 2);
        bytes.putInt(60, Crc32c.of(bytes, 0, 60));

        assertThatThrownBy(() -> HintHeader.decode(bytes, "a hint")).isInstanceOf(DamageException.class);
    }

    @Test
    void segmentIdThatNoSegmentHas_isDamageAndNotCutToOneThatIs() {
        for (long id : new long[] {0, -1, 1L << 24, (1L << 32) + 7}) {
            ByteBuffer hint = HINT.encode().putLong(32, id);
            hint.putInt(60, Crc32c.of(hint, 0, 60));
            ByteBuffer snapshot = SNAPSHOT.encode().putLong(56, id);
            int end = snapshot.limit() - Integer.BYTES;
            snapshot.putInt(end, Crc32c.of(snapshot, 0, end));

            assertThatThrownBy(() -> HintHeader.decode(hint, "a hint")).isInstanceOf(DamageException.class);
            assertThatThrownBy(() -> SnapshotHeader.decode(snapshot, "a snapshot"))
                    .isInstanceOf(DamageException.class);
        }
    }

    @Test
    void hintEntries_areReadAsWritten() {
        for (HintEntry entry : List.of(
                new HintEntry(Long.MIN_VALUE, Long.MAX_VALUE, RecordLocation.OFFSET_MAX, 0),
                new HintEntry(-1, 1, 128, HintEntry.TOMBSTONE),
                new HintEntry(5, 9, 200, 1 << 24))) {
            ByteBuffer bytes = ByteBuffer.allocate(HintEntry.BYTES);
            entry.encode(bytes);

            assertThat(HintEntry.decode(bytes.flip())).isEqualTo(entry);
            assertThat(RecordLocation.offset(entry.location(3))).isEqualTo(entry.offset());
        }
        assertThat(new HintEntry(-1, 1, 128, HintEntry.TOMBSTONE).frameBytes()).isEqualTo(25);
        assertThat(new HintEntry(-1, 1, 128, 10).frameBytes()).isEqualTo(43);
    }

    @Test
    void snapshotHeader_isReadAsWritten() {
        ByteBuffer bytes = SNAPSHOT.encode();

        assertThat(SnapshotHeader.bytes(bytes, "a snapshot"))
                .isEqualTo(bytes.limit())
                .isEqualTo(SnapshotHeader.bytes(2));
        assertThat(SnapshotHeader.decode(bytes, "a snapshot")).isEqualTo(SNAPSHOT);
    }

    @Test
    void eachBitFlipOfASnapshotHeader_isDamage() {
        ByteBuffer bytes = SNAPSHOT.encode();
        Bits.flipEach(
                bytes,
                bit -> assertThatThrownBy(() -> SnapshotHeader.decode(bytes, "a snapshot"))
                        .as("bit %d", bit)
                        .isInstanceOf(DamageException.class));
    }

    @Test
    void snapshotThatIsTooShortOrCountsTooMuch_isDamageBeforeAnythingIsAllocated() {
        ByteBuffer bytes = SNAPSHOT.encode();
        for (int count : new int[] {-1, Integer.MAX_VALUE, (1 << 24) + 1}) {
            bytes.putInt(12, count);
            assertThatThrownBy(() -> SnapshotHeader.bytes(bytes, "a snapshot")).isInstanceOf(DamageException.class);
        }
        bytes.limit(55);
        assertThatThrownBy(() -> SnapshotHeader.bytes(bytes, "a snapshot")).isInstanceOf(DamageException.class);
    }

    @Test
    void eachBitFlipOfABlock_isDamageThatNamesFileAndOffset() {
        ByteBuffer block = ByteBuffer.allocate(3 * HintEntry.BYTES + Blocks.CRC_BYTES);
        for (int i = 0; i < 3; i++) {
            new HintEntry(i, i, i, i).encode(block);
        }
        Blocks.seal(block);
        block.flip();
        Bits.flipEach(
                block,
                bit -> assertThatThrownBy(() -> Blocks.open(block, "a hint", 1000))
                        .isInstanceOf(DamageException.class)
                        .hasMessageContaining("a hint")
                        .hasMessageContaining("offset 1072"));

        Blocks.open(block, "a hint", 1000);
        assertThat(block.remaining()).isEqualTo(3 * HintEntry.BYTES);
    }

    @Test
    void bytesOfBlocks_countAChecksumForEach1024Entries() {
        assertThat(Blocks.bytes(0, 24)).isZero();
        assertThat(Blocks.bytes(1, 24)).isEqualTo(28);
        assertThat(Blocks.bytes(1024, 24)).isEqualTo(1024 * 24 + 4);
        assertThat(Blocks.bytes(1025, 24)).isEqualTo(1025 * 24 + 8);
    }

    @Test
    void eachBitFlipAndCutOfASnapshotsBlock_isDamageThatNamesTheFile() {
        ByteBuffer block = ByteBuffer.wrap(SnapshotBytes.blocks(5, 1L << 50, 9, 1L << 40, 1L << 60, 3));
        Bits.flipEach(
                block,
                bit -> assertThatThrownBy(() -> SnapshotBlocks.open(block.clear(), "a snapshot", 1000))
                        .isInstanceOf(DamageException.class)
                        .hasMessageContaining("a snapshot at offset 10"));
        int bytes = block.capacity();
        for (int cut = bytes - 1; cut >= 0; cut--) {
            block.clear().limit(cut);
            assertThatThrownBy(() -> SnapshotBlocks.open(block, "a snapshot", 1000))
                    .isInstanceOf(DamageException.class);
        }
        ByteBuffer withMore = ByteBuffer.allocate(bytes + 7).put(block.clear()).clear();

        assertThat(SnapshotBlocks.open(withMore, "a snapshot", 1000)).isEqualTo(bytes);
        LeafHeader leaf = LeafHeader.decode(withMore, "a snapshot", 1004);
        assertThat(leaf).isEqualTo(new LeafHeader(3, 8, 7, Long.MIN_VALUE, 3));
        assertThat(withMore.remaining()).isEqualTo(leaf.entriesBytes());
    }

    @Test
    void leafThatNoIndexCanHave_isDamage() {
        for (LeafHeader leaf : List.of(
                new LeafHeader(0, 1, 1, 0, 0),
                new LeafHeader(257, 1, 1, 0, 0),
                new LeafHeader(1, 0, 1, 0, 0),
                new LeafHeader(1, 9, 1, 0, 0),
                new LeafHeader(1, -1, 1, 0, 0),
                new LeafHeader(1, 1, 0, 0, 0),
                new LeafHeader(1, 1, 9, 0, 0),
                new LeafHeader(1, 1, 1, Long.MAX_VALUE - 254, 0),
                new LeafHeader(1, 7, 1, Long.MAX_VALUE - (1L << 56) + 2, 0),
                new LeafHeader(1, 8, 1, Long.MIN_VALUE + 1, 0),
                new LeafHeader(1, 1, 8, 0, 0),
                new LeafHeader(201, 2, 3, 0, 0))) {
            ByteBuffer bytes = ByteBuffer.allocate(LeafHeader.BYTES + 1004);
            leaf.encode(bytes);
            assertThatThrownBy(() -> LeafHeader.decode(bytes.clear(), "a snapshot", 99))
                    .as("%s", leaf)
                    .isInstanceOf(DamageException.class)
                    .hasMessageContaining("a snapshot at offset 99");
        }
        for (LeafHeader leaf : List.of(
                new LeafHeader(256, 1, 2, Long.MAX_VALUE - 255, -1),
                new LeafHeader(1, 8, 7, Long.MIN_VALUE, Long.MAX_VALUE - (1L << 56) + 1))) {
            ByteBuffer bytes = ByteBuffer.allocate(LeafHeader.BYTES + 1004);
            leaf.encode(bytes);
            assertThat(LeafHeader.decode(bytes.clear(), "a snapshot", 99)).isEqualTo(leaf);
        }
    }

    @Test
    void bytesOfASnapshotsBlocks_areNoMoreThanWhatIsSaid() {
        assertThat(SnapshotBlocks.bytesMax(0)).isZero();
        for (int entries : new int[] {1, 256, 257, 100_000}) {
            long[] apart = new long[2 * entries];
            for (int i = 0; i < entries; i++) {
                apart[2 * i] = i % 2 == 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
                apart[2 * i + 1] = apart[2 * i];
            }
            long frames = (entries + 1023) / 1024L * SnapshotBlocks.FRAME_BYTES;
            assertThat(SnapshotBytes.blocks(apart).length - frames)
                    .isLessThanOrEqualTo(SnapshotBlocks.bytesMax(entries) - SnapshotBlocks.FRAME_BYTES);
        }
    }
}
