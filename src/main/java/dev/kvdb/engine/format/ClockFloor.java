package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import java.nio.ByteBuffer;

/**
 * The contents of a store's {@code CLOCK} file: a time that is not below any that the store's clock has given out.
 *
 * <pre>
 *  0  magic "KVDBCLK\n"    8
 *  8  format version       2
 * 10  zeros                6
 * 16  milliseconds         8
 * 24  CRC-32C of 0 to 23   4
 * </pre>
 *
 * @param millis since 1970, UTC
 */
public record ClockFloor(long millis) {

    /** Bytes of the file. */
    public static final int BYTES = 28;

    private static final long MAGIC = 0x4b564442434c4b0aL;
    private static final int VERSION_AT = 8;
    private static final int MILLIS_AT = 16;
    private static final int CRC_AT = 24;
    private static final short VERSION = 1;

    /** The file's bytes, from position 0 to the limit. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(BYTES);
        target.putLong(0, MAGIC).putShort(VERSION_AT, VERSION).putLong(MILLIS_AT, millis);
        return target.putInt(CRC_AT, Crc32c.of(target, 0, CRC_AT));
    }

    /**
     * Reads the file.
     *
     * @param source its bytes, from position 0 to the limit
     * @param file for messages
     * @throws DamageException where it is not an intact file of this kind
     * @throws UnsupportedFormatException where it is of another format version
     */
    public static ClockFloor decode(ByteBuffer source, String file) {
        if (source.limit() != BYTES || source.getLong(0) != MAGIC) {
            throw new DamageException(file, 0, "a clock file of " + BYTES + " bytes", "something else");
        }
        int crc = Crc32c.of(source, 0, CRC_AT);
        if (crc != source.getInt(CRC_AT)) {
            throw new DamageException(
                    file, CRC_AT, "checksum " + Integer.toHexString(source.getInt(CRC_AT)), Integer.toHexString(crc));
        }
        if (source.getShort(VERSION_AT) != VERSION) {
            throw new UnsupportedFormatException(
                    file, "format version " + VERSION, "format version " + source.getShort(VERSION_AT));
        }
        return new ClockFloor(source.getLong(MILLIS_AT));
    }
}
