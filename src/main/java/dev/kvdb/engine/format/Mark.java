package dev.kvdb.engine.format;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * A frame that says how much of its segment was durable when it was written. Each sync group begins with one; long
 * unsynced stretches, seals, closes and idle times bring more. Marks are the only places at which a reader may pick up
 * again after bad bytes, since a value may contain the bytes of a log.
 *
 * <p>A frame of kind {@link FrameHeader.Kind#MARK} whose key is its own offset, whose version is {@code lastVersion},
 * and whose value is
 *
 * <pre>
 *   0          16           24          32
 *  +----------+------------+-----------+
 *  | store id | segment id | durableTo |
 *  +----------+------------+-----------+
 * </pre>
 *
 * @param storeId the store
 * @param segmentId the segment
 * @param offset where the mark itself lies in the segment
 * @param durableTo all bytes of the segment before this offset were known to be durable
 * @param lastVersion the highest version written before the mark
 */
public record Mark(UUID storeId, int segmentId, long offset, long durableTo, long lastVersion) {

    private static final int SEGMENT_ID = 16;
    private static final int DURABLE_TO = 24;
    private static final int VALUE_BYTES = 32;

    /** Bytes of a mark's frame. */
    public static final int FRAME_BYTES = FrameHeader.BYTES_MAX + VALUE_BYTES;

    /** Appends the whole frame to {@code target}. */
    public void encode(ByteBuffer target, long salt) {
        ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES)
                .putLong(storeId.getMostSignificantBits())
                .putLong(storeId.getLeastSignificantBits())
                .putLong(segmentId)
                .putLong(durableTo);
        new FrameHeader(lastVersion, Crc32c.of(value.array()), FrameHeader.Kind.MARK, offset, VALUE_BYTES)
                .encode(target, salt);
        target.put(value.flip());
    }

    /**
     * Decodes the mark at {@code position} of {@code source}, which lies at {@code offset} of the segment.
     *
     * @return empty where these bytes are no intact mark of this segment at this very place, or one that says that what
     *     follows it was durable
     */
    public static Optional<Mark> decode(ByteBuffer source, int position, SegmentHeader segment, long offset) {
        if (source.limit() - position < FRAME_BYTES || !looksLikeMark(source, position, offset)) {
            return Optional.empty();
        }
        Optional<FrameHeader> header =
                FrameHeader.decode(source, position, segment.salt(), SegmentHeader.describe(segment.segmentId()));
        int value = position + FrameHeader.BYTES_MAX;
        if (header.isEmpty()
                || !FrameHeader.isVersion(header.get().version())
                || header.get().valueBytes() != VALUE_BYTES
                || header.get().valueCrc() != Crc32c.of(source, value, VALUE_BYTES)
                || source.getLong(value) != segment.storeId().getMostSignificantBits()
                || source.getLong(value + Long.BYTES) != segment.storeId().getLeastSignificantBits()
                || source.getLong(value + SEGMENT_ID) != segment.segmentId()
                || source.getLong(value + DURABLE_TO) > offset) {
            return Optional.empty();
        }
        return Optional.of(new Mark(
                segment.storeId(),
                segment.segmentId(),
                offset,
                source.getLong(value + DURABLE_TO),
                header.get().version()));
    }

    /** A cheap test that spares a search through a whole segment most of its checksums. */
    static boolean looksLikeMark(ByteBuffer source, int position, long offset) {
        return source.get(position + FrameHeader.OP) == Op.MARK && source.getLong(position + FrameHeader.KEY) == offset;
    }
}
