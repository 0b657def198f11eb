package dev.kvdb.engine.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of buffers. */
public final class Crc32c {

    private Crc32c() {}

    /** The checksum of {@code length} bytes at {@code offset}; the buffer's position and limit stay. */
    public static int of(ByteBuffer buffer, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.duplicate().clear().position(offset).limit(offset + length));
        return (int) crc.getValue();
    }

    /** The checksum of an array. */
    public static int of(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length);
        return (int) crc.getValue();
    }

    /** The checksum of the seed's eight bytes followed by a part of the buffer. */
    static int seeded(long seed, ByteBuffer buffer, int offset, int length) {
        CRC32C crc = new CRC32C();
        for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            crc.update((int) (seed >>> shift) & 0xFF);
        }
        crc.update(buffer.duplicate().clear().position(offset).limit(offset + length));
        return (int) crc.getValue();
    }
}
