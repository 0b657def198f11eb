package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The first 128 bytes of a segment file.
 *
 * <pre>
 *    0  magic "KVDBSEG\n"     8      64  liveAsOf               8
 *    8  format version        2      72  previous segment id    8
 *   10  header length         2      80  previous length        8
 *   12  kind                  1      88  previous last version  8
 *   13  zeros                 3      96  salt                   8
 *   16  compatible features   8     104  zeros                 20
 *   24  incompatible features 8     124  CRC-32C of 0 to 123    4
 *   32  store id             16
 *   48  segment id            8
 *   56  first version         8
 * </pre>
 *
 * @param kind how the segment came to be
 * @param storeId the store
 * @param segmentId the segment; ids are never used twice
 * @param firstVersion no record in the segment has a lower version
 * @param liveAsOf each set in the segment was its key's newest record when this version was the newest applied one; 0
 *     for an appended segment
 * @param previous the segment that was appended to before, as it was sealed
 * @param salt seeds the checksum of each frame, so that bytes of another file never pass for this one's
 */
public record SegmentHeader(
        Kind kind, UUID storeId, int segmentId, long firstVersion, long liveAsOf, Previous previous, long salt) {

    /** Bytes of the header, and the offset of the first frame. */
    public static final int BYTES = 128;

    /** The format that this build writes and reads. */
    public static final int FORMAT_VERSION = 1;

    private static final byte[] MAGIC = {'K', 'V', 'D', 'B', 'S', 'E', 'G', '\n'};
    private static final int HEADER_BYTES = 10;
    private static final int KIND = 12;
    private static final int COMPATIBLE = 16;
    private static final int INCOMPATIBLE = 24;
    private static final int STORE_ID = 32;
    private static final int SEGMENT_ID = 48;
    private static final int FIRST_VERSION = 56;
    private static final int LIVE_AS_OF = 64;
    private static final int PREVIOUS_ID = 72;
    private static final int PREVIOUS_LENGTH = 80;
    private static final int PREVIOUS_LAST_VERSION = 88;
    private static final int SALT = 96;
    private static final int CRC = 124;

    /** How a segment came to be. */
    public enum Kind {
        /** Writes were appended in their order. */
        APPENDED(1),
        /** Garbage collection copied live records and tombstones of other segments. */
        REWRITTEN(2);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        byte code() {
            return code;
        }

        static Kind of(byte code, String file, long offset) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            throw new DamageException(file, offset, "segment kind 1 or 2", "kind " + code);
        }
    }

    /**
     * A segment as it was sealed; all zero where there was none.
     *
     * @param segmentId its id
     * @param length its bytes
     * @param lastVersion the highest version in it
     */
    public record Previous(int segmentId, long length, long lastVersion) {

        /** There was none. */
        public static final Previous NONE = new Previous(0, 0, 0);

        /** Whether a segment of that length, whose records have versions up to {@code versionMax}, may be meant. */
        public boolean fits(long segmentLength, long versionMax) {
            return length == segmentLength && lastVersion >= versionMax;
        }
    }

    /** The same header with another salt. */
    SegmentHeader withSalt(long other) {
        return new SegmentHeader(kind, storeId, segmentId, firstVersion, liveAsOf, previous, other);
    }

    /** Encodes the header into a buffer of {@link #BYTES}, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(BYTES);
        target.put(MAGIC).putShort((short) FORMAT_VERSION).putShort((short) BYTES);
        target.put(KIND, kind.code());
        target.putLong(COMPATIBLE, 0).putLong(INCOMPATIBLE, 0);
        target.putLong(STORE_ID, storeId.getMostSignificantBits());
        target.putLong(STORE_ID + Long.BYTES, storeId.getLeastSignificantBits());
        target.putLong(SEGMENT_ID, segmentId).putLong(FIRST_VERSION, firstVersion);
        target.putLong(LIVE_AS_OF, liveAsOf);
        target.putLong(PREVIOUS_ID, previous.segmentId()).putLong(PREVIOUS_LENGTH, previous.length());
        target.putLong(PREVIOUS_LAST_VERSION, previous.lastVersion());
        target.putLong(SALT, salt);
        target.putInt(CRC, Crc32c.of(target, 0, CRC));
        return target.clear();
    }

    /**
     * Decodes a header.
     *
     * @param source what the file begins with, from position 0 to the limit
     * @param file named in errors
     * @throws DamageException where the bytes are no intact header
     * @throws UnsupportedFormatException where the header is of a format or has a feature that this build does not know
     */
    public static SegmentHeader decode(ByteBuffer source, String file) {
        if (source.limit() < BYTES) {
            throw new DamageException(file, 0, "a segment header of " + BYTES + " bytes", source.limit() + " bytes");
        }
        if (!source.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            throw new DamageException(file, 0, "the magic bytes of a segment", "others");
        }
        int crc = Crc32c.of(source, 0, CRC);
        int formatVersion = source.getShort(MAGIC.length);
        if (source.getInt(CRC) != crc) {
            throw new DamageException(
                    file, CRC, "checksum " + Integer.toHexString(crc), Integer.toHexString(source.getInt(CRC)));
        }
        Features.check(file, formatVersion, FORMAT_VERSION, source.getLong(INCOMPATIBLE));
        if (source.getShort(HEADER_BYTES) != BYTES) {
            throw new UnsupportedFormatException(
                    file, "a segment header of " + BYTES + " bytes", source.getShort(HEADER_BYTES) + " bytes");
        }
        return new SegmentHeader(
                Kind.of(source.get(KIND), file, KIND),
                new UUID(source.getLong(STORE_ID), source.getLong(STORE_ID + Long.BYTES)),
                RecordLocation.checkedSegmentId(source.getLong(SEGMENT_ID), file, SEGMENT_ID),
                checkedVersion(source, FIRST_VERSION, file),
                checkedVersion(source, LIVE_AS_OF, file),
                new Previous(
                        RecordLocation.checkedSegmentIdOrNone(source.getLong(PREVIOUS_ID), file, PREVIOUS_ID),
                        source.getLong(PREVIOUS_LENGTH),
                        source.getLong(PREVIOUS_LAST_VERSION)),
                source.getLong(SALT));
    }

    private static long checkedVersion(ByteBuffer source, int offset, String file) {
        long version = source.getLong(offset);
        if (!FrameHeader.isVersion(version)) {
            throw new DamageException(file, offset, "a version", String.valueOf(version));
        }
        return version;
    }

    /** How messages name a segment whose file is not at hand. */
    public static String describe(int segmentId) {
        return "segment " + segmentId;
    }
}
