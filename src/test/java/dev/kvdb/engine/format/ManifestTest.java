package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ManifestTest {

    private static final Manifest MANIFEST = new Manifest(
            new UUID(1, -2),
            1_000_000_007L,
            42,
            List.of(
                    new SegmentEntry(3, SegmentHeader.Kind.REWRITTEN, true, 128),
                    new SegmentEntry(40, SegmentHeader.Kind.APPENDED, true, 1L << 30),
                    new SegmentEntry(41, SegmentHeader.Kind.APPENDED, false, 0)));

    @Test
    void manifests_areReadAsWritten() {
        Manifest empty = new Manifest(new UUID(1, 2), 1, 1, List.of());
        for (Manifest manifest : List.of(MANIFEST, empty)) {
            assertThat(Manifest.decode(manifest.encode(), "MANIFEST")).isEqualTo(manifest);
        }
    }

    @Test
    void eachBitFlip_isRefused() {
        ByteBuffer bytes = MANIFEST.encode();
        Bits.flipEach(
                bytes,
                bit -> assertThatThrownBy(() -> Manifest.decode(bytes, "MANIFEST"))
                        .as("bit %d", bit)
                        .isInstanceOf(bit < 64 ? UnsupportedFormatException.class : DamageException.class)
                        .hasMessageContaining("MANIFEST"));
    }

    @Test
    void cutAnywhere_isRefused() {
        ByteBuffer bytes = MANIFEST.encode();
        for (int cut = bytes.limit() - 1; cut >= 0; cut--) {
            bytes.limit(cut);
            assertThatThrownBy(() -> Manifest.decode(bytes, "MANIFEST")).isInstanceOf(StoreException.class);
        }
    }

    @Test
    void otherFile_isNoManifest() {
        assertThatThrownBy(() -> Manifest.decode(ByteBuffer.wrap("hello, world".getBytes()), "MANIFEST"))
                .isInstanceOf(UnsupportedFormatException.class);
    }

    @Test
    void newerFormatVersion_isRefusedByName() {
        ByteBuffer bytes = MANIFEST.encode().putShort(8, (short) 2);

        assertThatThrownBy(() -> Manifest.decode(signed(bytes), "MANIFEST"))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("format version 2");
    }

    @Test
    void unknownIncompatibleFeature_isRefusedByName() {
        ByteBuffer bytes = MANIFEST.encode().putLong(24, 6);

        assertThatThrownBy(() -> Manifest.decode(signed(bytes), "MANIFEST"))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("feature bits 0x6");
    }

    @Test
    void unknownCompatibleFeature_isIgnored() {
        ByteBuffer bytes = MANIFEST.encode().putLong(16, 1);

        assertThat(Manifest.decode(signed(bytes), "MANIFEST")).isEqualTo(MANIFEST);
    }

    @Test
    void numberOfSegmentsThatTheFileDoesNotHold_isDamageBeforeAnythingIsAllocated() {
        for (int count : new int[] {-1, 2, 4, Integer.MAX_VALUE}) {
            ByteBuffer bytes = MANIFEST.encode().putInt(12, count);

            assertThatThrownBy(() -> Manifest.decode(signed(bytes), "MANIFEST"))
                    .isInstanceOf(DamageException.class)
                    .hasMessageContaining(String.valueOf(count));
        }
    }

    @Test
    void unknownKindOfSegment_isDamage() {
        ByteBuffer bytes = MANIFEST.encode().put(64 + 8, (byte) 9);

        assertThatThrownBy(() -> Manifest.decode(signed(bytes), "MANIFEST"))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("kind 9");
    }

    @Test
    void segmentThatIsNeitherSealedNorOpen_isDamage() {
        for (byte flag : new byte[] {-1, 2}) {
            ByteBuffer bytes = MANIFEST.encode().put(64 + 9, flag);

            assertThatThrownBy(() -> Manifest.decode(signed(bytes), "MANIFEST")).isInstanceOf(DamageException.class);
        }
    }

    private static ByteBuffer signed(ByteBuffer bytes) {
        int end = bytes.limit() - 4;
        return bytes.putInt(end, Crc32c.of(bytes, 0, end));
    }
}
