package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.FrameHeader.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameHeaderTest {

    private static final long SALT = 0x0123_4567_89AB_CDEFL;
    private static final byte[] VALUE = "value".getBytes(StandardCharsets.US_ASCII);

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE})
    void setAndRemoveOfAnyKey_areReadAsWritten(long key) {
        for (FrameHeader written : new FrameHeader[] {
            FrameHeader.ofSet(7, key, VALUE), FrameHeader.ofSet(8, key, new byte[0]), FrameHeader.ofRemove(9, key)
        }) {
            ByteBuffer bytes = encoded(written);

            assertThat(bytes.limit()).isEqualTo(written.headerBytes());
            assertThat(decode(bytes)).contains(written);
        }
    }

    @Test
    void set_isTheEntryThatWasAskedForBehindChecksumsAndVersion() {
        ByteBuffer bytes = encoded(FrameHeader.ofSet(0x1112131415161718L, -2, VALUE));

        assertThat(bytes.getLong(4)).as("version").isEqualTo(0x1112131415161718L);
        assertThat(bytes.getInt(12)).as("value's checksum").isEqualTo(Crc32c.of(VALUE));
        assertThat(bytes.get(16)).as("op").isZero();
        assertThat(bytes.getLong(17)).as("key").isEqualTo(-2);
        assertThat(bytes.getLong(25)).as("size").isEqualTo(VALUE.length);
        assertThat(FrameHeader.ofSet(1, 1, VALUE).frameBytes())
                .isEqualTo(FrameHeader.setBytes(VALUE.length))
                .isEqualTo(33 + VALUE.length);
    }

    @Test
    void crc32c_isTheOneOfTheRfc() {
        assertThat(Crc32c.of("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xE3069283);
    }

    @Test
    void eachBitFlip_isDetected() {
        for (FrameHeader written :
                new FrameHeader[] {FrameHeader.ofSet(7, 42, VALUE), FrameHeader.ofRemove(Long.MAX_VALUE, -1)}) {
            ByteBuffer bytes = encoded(written);
            Bits.flipEach(
                    bytes, bit -> assertThat(decode(bytes)).as("bit %d", bit).isEmpty());
        }
    }

    @Test
    void otherSalt_isNoHeader() {
        ByteBuffer bytes = encoded(FrameHeader.ofSet(7, 42, VALUE));

        assertThat(FrameHeader.decode(bytes, 0, SALT + 1, "a file")).isEmpty();
    }

    @Test
    void cutAnywhere_isNoHeader() {
        for (FrameHeader written : new FrameHeader[] {FrameHeader.ofSet(7, 42, VALUE), FrameHeader.ofRemove(7, 42)}) {
            ByteBuffer bytes = encoded(written);
            for (int cut = bytes.limit() - 1; cut >= 0; cut--) {
                assertThat(decode(bytes.limit(cut))).as("cut at %d", cut).isEmpty();
            }
        }
    }

    @Test
    void zeros_areNoHeader() {
        assertThat(decode(ByteBuffer.allocate(100))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, FrameHeader.VALUE_BYTES_MAX + 1L, Long.MAX_VALUE})
    void sizeOutOfRange_isNoHeaderThoughTheChecksumHolds(long size) {
        assertThat(decode(handMade(0, 33, size))).isEmpty();
    }

    @Test
    void largestSize_isRead() {
        assertThat(decode(handMade(0, 33, FrameHeader.VALUE_BYTES_MAX)))
                .map(FrameHeader::valueBytes)
                .contains(FrameHeader.VALUE_BYTES_MAX);
    }

    @ParameterizedTest
    @CsvSource({
        "0x03, 33, a reference to a blob file",
        "0x04, 33, a record of kind 4",
        "0x0F, 33, a record of kind 15",
        "0x10, 41, a set with expiry",
        "0x11, 33, a remove with expiry",
        "0x20, 42, a set with compression",
        "0x40, 33, a set with a batch that continues",
        "0x41, 25, a remove with a batch that continues",
        "0x80, 49, a set with external order",
        "0x82, 49, a mark with external order",
        "0xF0, 66, a set with expiry with compression with a batch that continues with external order"
    })
    void kindOrFlagThatIsNotBuilt_isRefusedAsUnknownFormat(int op, int headerBytes, String named) {
        ByteBuffer bytes = handMade(op, headerBytes, 5);

        assertThatThrownBy(() -> decode(bytes))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("a file")
                .hasMessageContaining(named);
        bytes.put(5, (byte) 1);
        assertThat(decode(bytes)).as("with a broken checksum").isEmpty();
    }

    @Test
    void eachOp_isReadOrRefusedAndNeverTakenForAnother() {
        for (int op = 0; op <= 0xFF; op++) {
            int base = Op.kind(op) == Op.REMOVE ? 25 : 33;
            ByteBuffer bytes = handMade(op, base + Op.extensionBytes(op), 5);
            if (op <= 2) {
                assertThat(decode(bytes)).map(FrameHeader::kind).contains(Kind.values()[op]);
            } else {
                assertThatThrownBy(() -> decode(bytes)).isInstanceOf(UnsupportedFormatException.class);
            }
        }
    }

    private static ByteBuffer handMade(int op, int headerBytes, long size) {
        ByteBuffer bytes = ByteBuffer.allocate(headerBytes);
        bytes.putLong(4, 7).put(16, (byte) op).putLong(17, 42);
        if (Op.kind(op) != Op.REMOVE) {
            bytes.putLong(25, size);
        }
        return bytes.putInt(0, Crc32c.seeded(SALT, bytes, 4, headerBytes - 4));
    }

    private static ByteBuffer encoded(FrameHeader header) {
        ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES_MAX);
        header.encode(bytes, SALT);
        return bytes.flip();
    }

    private static Optional<FrameHeader> decode(ByteBuffer bytes) {
        return FrameHeader.decode(bytes, 0, SALT, "a file");
    }
}
