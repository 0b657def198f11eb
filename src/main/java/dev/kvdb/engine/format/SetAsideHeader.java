package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The start of a file in which a repair keeps what it took out of a segment. kvdb itself never reads it.
 *
 * <pre>
 *    0  magic "KVDBDMG\n"      8     16  store id     16
 *    8  format version         2     32  segment id    8
 *   10  zeros                  2     40  n ranges, each
 *   12  number of ranges n     4         offset in the segment  8
 *                                        bytes                  8
 *                                    40 + 16 n  CRC-32C of all before it
 * </pre>
 *
 * <p>The bytes of the ranges follow, as they were, one range after the other.
 *
 * @param storeId the store
 * @param segmentId the segment
 * @param ranges what was taken out of it, in ascending order of offset
 */
public record SetAsideHeader(UUID storeId, int segmentId, List<Range> ranges) {

    private static final short FORMAT_VERSION = 1;
    private static final byte[] MAGIC = {'K', 'V', 'D', 'B', 'D', 'M', 'G', '\n'};
    private static final int COUNT = 12;
    private static final int STORE_ID = 16;
    private static final int SEGMENT_ID = 32;
    private static final int RANGES = 40;
    private static final int RANGE_BYTES = 16;
    private static final int CRC_BYTES = Integer.BYTES;

    /**
     * Bytes of a segment.
     *
     * @param offset where they begin
     * @param bytes how many there are
     */
    public record Range(long offset, long bytes) {}

    /** Copies the list. */
    public SetAsideHeader {
        ranges = List.copyOf(ranges);
    }

    /** Bytes of the header. */
    public int headerBytes() {
        return RANGES + ranges.size() * RANGE_BYTES + CRC_BYTES;
    }

    /** Encodes the header, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(headerBytes());
        target.put(MAGIC).putShort(FORMAT_VERSION).putShort((short) 0).putInt(ranges.size());
        target.putLong(storeId.getMostSignificantBits()).putLong(storeId.getLeastSignificantBits());
        target.putLong(segmentId);
        for (Range range : ranges) {
            target.putLong(range.offset()).putLong(range.bytes());
        }
        target.putInt(Crc32c.of(target, 0, target.position()));
        return target.flip();
    }

    /**
     * Decodes the header of a file.
     *
     * @param source the whole file, or at least its header, from position 0
     * @throws DamageException where the bytes are no intact header
     */
    public static SetAsideHeader decode(ByteBuffer source, String file) {
        boolean begins = source.limit() >= RANGES + CRC_BYTES
                && source.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))
                && source.getShort(MAGIC.length) == FORMAT_VERSION;
        int count = begins ? source.getInt(COUNT) : -1;
        int end = RANGES + count * RANGE_BYTES;
        if (count < 0
                || count > source.limit() / RANGE_BYTES
                || end + CRC_BYTES > source.limit()
                || source.getInt(end) != Crc32c.of(source, 0, end)) {
            throw new DamageException(file, 0, "the header of bytes that were set aside", "others");
        }
        List<Range> ranges = new ArrayList<>(count);
        for (int at = RANGES; at < end; at += RANGE_BYTES) {
            ranges.add(new Range(source.getLong(at), source.getLong(at + Long.BYTES)));
        }
        return new SetAsideHeader(
                new UUID(source.getLong(STORE_ID), source.getLong(STORE_ID + Long.BYTES)),
                RecordLocation.checkedSegmentId(source.getLong(SEGMENT_ID), file, SEGMENT_ID),
                ranges);
    }
}
