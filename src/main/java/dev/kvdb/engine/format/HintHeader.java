package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The start of a hint file, which lists the records of one sealed segment by ascending key, then version. A cache of
 * the segment: a damaged or missing one is made anew.
 *
 * <pre>
 *    0  magic "KVDBHNT\n"   8      32  segment id          8
 *    8  format version      2      40  segment length      8
 *   10  zeros               6      48  number of entries   8
 *   16  store id           16      56  zeros               4
 *                                  60  CRC-32C of 0 to 59  4
 * </pre>
 *
 * <p>{@linkplain Blocks Blocks} of {@linkplain HintEntry entries} follow.
 *
 * @param storeId the store
 * @param segmentId the segment whose records are listed
 * @param segmentLength its sealed length in bytes
 * @param entries how many records are listed
 */
public record HintHeader(UUID storeId, int segmentId, long segmentLength, long entries) {

    /** Bytes of the header. */
    public static final int BYTES = 64;

    private static final short FORMAT_VERSION = 1;
    private static final byte[] MAGIC = {'K', 'V', 'D', 'B', 'H', 'N', 'T', '\n'};
    private static final int STORE_ID = 16;
    private static final int SEGMENT_ID = 32;
    private static final int SEGMENT_LENGTH = 40;
    private static final int ENTRIES = 48;
    private static final int CRC = 60;

    /** Encodes the header into a buffer of {@link #BYTES}, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(BYTES);
        target.put(MAGIC).putShort(FORMAT_VERSION);
        target.putLong(STORE_ID, storeId.getMostSignificantBits());
        target.putLong(STORE_ID + Long.BYTES, storeId.getLeastSignificantBits());
        target.putLong(SEGMENT_ID, segmentId).putLong(SEGMENT_LENGTH, segmentLength);
        target.putLong(ENTRIES, entries);
        target.putInt(CRC, Crc32c.of(target, 0, CRC));
        return target.clear();
    }

    /**
     * Decodes a header.
     *
     * @throws DamageException where the bytes are no intact header of a hint that this build reads
     */
    public static HintHeader decode(ByteBuffer source, String file) {
        Blocks.checkHeader(source, MAGIC, FORMAT_VERSION, CRC, file);
        return new HintHeader(
                new UUID(source.getLong(STORE_ID), source.getLong(STORE_ID + Long.BYTES)),
                RecordLocation.checkedSegmentId(source.getLong(SEGMENT_ID), file, SEGMENT_ID),
                source.getLong(SEGMENT_LENGTH),
                source.getLong(ENTRIES));
    }
}
