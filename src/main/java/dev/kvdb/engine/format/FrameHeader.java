package dev.kvdb.engine.format;

import dev.kvdb.engine.error.UnsupportedFormatException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The fixed part of a frame: all of a record but its value.
 *
 * <pre>
 *   0         4         12        16   17        25        33
 *  +---------+---------+---------+----+---------+---------+-------
 *  |headerCrc| version |valueCrc | op |   key   |  size   | value ...
 *  +---------+---------+---------+----+---------+---------+-------
 *                                |------ the entry as asked for -----
 * </pre>
 *
 * <p>{@code headerCrc} covers bytes 4 to the end of the header, seeded with the segment's salt. A remove has neither
 * size nor value. {@link Op} says what {@code op} may be, and what may lie between size and value one day.
 *
 * @param version the store-wide version of the write; of a mark, the highest version written before it
 * @param valueCrc CRC-32C of the value, 0 where there is none
 * @param kind what the frame is
 * @param key the key; of a mark, its own offset in the segment
 * @param valueBytes bytes of the value
 */
public record FrameHeader(long version, int valueCrc, Kind kind, long key, int valueBytes) {

    private static final int HEADER_CRC = 0;
    static final int VERSION = 4;
    static final int VALUE_CRC = 12;
    static final int OP = 16;
    static final int KEY = 17;
    static final int SIZE = 25;
    private static final int VALUE = 33;

    /** Bytes of a frame that removes a key. */
    public static final int REMOVE_BYTES = SIZE;

    /** Bytes of a frame's header where a value follows. */
    public static final int BYTES_MAX = VALUE;

    /** Bytes from which {@link #decode} can tell any header, those with extensions included. */
    public static final int DECODE_BYTES_MAX = VALUE + Op.EXTENSION_BYTES_MAX;

    /** The highest version: none is ever reached, and sums of a few stay in range. A higher one is no version. */
    public static final long VERSION_MAX = Long.MAX_VALUE / 2;

    /** Values past this are refused before anything is allocated, whatever a frame says. */
    public static final int VALUE_BYTES_MAX = RecordLocation.OFFSET_MAX;

    /** What a frame is. */
    public enum Kind {
        /** Sets a key's value. */
        SET(Op.SET),
        /** Removes a key: a tombstone. */
        REMOVE(Op.REMOVE),
        /** Says what is durable; see {@link Mark}. */
        MARK(Op.MARK);

        private final byte op;

        Kind(int op) {
            this.op = (byte) op;
        }

        private static Kind of(int op) {
            return switch (op) {
                case Op.SET -> SET;
                case Op.REMOVE -> REMOVE;
                default -> MARK;
            };
        }
    }

    /** Whether a number may be a version, or stand for the one before the first. */
    public static boolean isVersion(long number) {
        return number >= 0 && number <= VERSION_MAX;
    }

    /** The header of a set. */
    public static FrameHeader ofSet(long version, long key, byte[] value) {
        return new FrameHeader(version, Crc32c.of(value), Kind.SET, key, value.length);
    }

    /** The header of a remove, which is the whole frame. */
    public static FrameHeader ofRemove(long version, long key) {
        return new FrameHeader(version, 0, Kind.REMOVE, key, 0);
    }

    /** Bytes of a set's frame. */
    public static int setBytes(int valueBytes) {
        return VALUE + valueBytes;
    }

    /** Bytes of this header. */
    public int headerBytes() {
        return kind == Kind.REMOVE ? SIZE : VALUE;
    }

    /** Bytes of the whole frame. */
    public int frameBytes() {
        return headerBytes() + valueBytes;
    }

    /** Appends the header to {@code target}. */
    public void encode(ByteBuffer target, long salt) {
        int start = target.position();
        target.putInt(0).putLong(version).putInt(valueCrc).put(kind.op).putLong(key);
        if (kind != Kind.REMOVE) {
            target.putLong(valueBytes);
        }
        int crc = Crc32c.seeded(salt, target, start + VERSION, headerBytes() - VERSION);
        target.putInt(start + HEADER_CRC, crc);
    }

    /** What bytes that should begin with a header have in the place of its checksum, whether or not that is right. */
    public static int headerCrcIn(ByteBuffer bytes) {
        return bytes.getInt(HEADER_CRC);
    }

    /** What they have in the place of the version. */
    public static long versionIn(ByteBuffer bytes) {
        return bytes.getLong(VERSION);
    }

    /** What they have in the place of the value's checksum. */
    public static int valueCrcIn(ByteBuffer bytes) {
        return bytes.getInt(VALUE_CRC);
    }

    /** What they have in the place of the value's size. */
    public static long valueBytesIn(ByteBuffer bytes) {
        return bytes.getLong(SIZE);
    }

    /**
     * Decodes the header at {@code offset} of {@code source}; its position stays.
     *
     * @return empty where the bytes up to the buffer's limit are no whole, intact header
     * @throws UnsupportedFormatException where the header is intact but its kind or flags are not known
     */
    public static Optional<FrameHeader> decode(ByteBuffer source, int offset, long salt, String file) {
        int available = source.limit() - offset;
        if (available < SIZE) {
            return Optional.empty();
        }
        int op = source.get(offset + OP) & 0xFF;
        boolean sized = Op.kind(op) != Op.REMOVE;
        int headerBytes = (sized ? VALUE : SIZE) + Op.extensionBytes(op);
        if (available < headerBytes
                || source.getInt(offset + HEADER_CRC)
                        != Crc32c.seeded(salt, source, offset + VERSION, headerBytes - VERSION)) {
            return Optional.empty();
        }
        if (!Op.isBuilt(op)) {
            throw new UnsupportedFormatException(file, "records that this build knows", Op.describe(op));
        }
        long valueBytes = sized ? source.getLong(offset + SIZE) : 0;
        if (valueBytes < 0 || valueBytes > VALUE_BYTES_MAX) {
            return Optional.empty();
        }
        return Optional.of(new FrameHeader(
                source.getLong(offset + VERSION),
                source.getInt(offset + VALUE_CRC),
                Kind.of(op),
                source.getLong(offset + KEY),
                (int) valueBytes));
    }
}
