package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;

/**
 * Where a record's frame lies, packed into a {@code long} so that the index holds no objects. Never 0.
 *
 * <pre>
 *   63        40 39              10 9          0
 *  +------------+------------------+------------+
 *  | segment id |  offset of frame | frame size |
 *  |  24 bits   |     30 bits      |  10 bits   |
 *  +------------+------------------+------------+
 * </pre>
 *
 * <p>The size is rounded up by at most 1/32: five bits of exponent over five bits of mantissa. One read of that size
 * gets the whole frame and little more. Two locations are equal exactly when they mean the same frame.
 */
public final class RecordLocation {

    /** Largest segment id. */
    public static final int SEGMENT_ID_MAX = (1 << 24) - 1;

    /** Largest offset of a frame in its segment, in bytes. */
    public static final int OFFSET_MAX = (1 << 30) - 1;

    private static final int SIZE_BITS = 10;
    private static final int OFFSET_BITS = 30;
    private static final int MANTISSA_BITS = 5;
    private static final int MANTISSA_ONE = 1 << MANTISSA_BITS;

    private RecordLocation() {}

    /**
     * Packs a location.
     *
     * @param segmentId 1 to {@link #SEGMENT_ID_MAX}
     * @param offset 0 to {@link #OFFSET_MAX}, in bytes
     * @param frameBytes the frame's exact size, at least 1
     */
    public static long of(int segmentId, long offset, int frameBytes) {
        if (segmentId < 1 || segmentId > SEGMENT_ID_MAX || offset < 0 || offset > OFFSET_MAX || frameBytes < 1) {
            throw new IllegalArgumentException(
                    "no location: segment " + segmentId + ", offset " + offset + ", frame bytes " + frameBytes);
        }
        return ((long) segmentId << (OFFSET_BITS + SIZE_BITS)) | (offset << SIZE_BITS) | encodeSize(frameBytes);
    }

    /** The segment's id. */
    public static int segmentId(long location) {
        return (int) (location >>> (OFFSET_BITS + SIZE_BITS));
    }

    /** The frame's offset in its segment, in bytes. */
    public static int offset(long location) {
        return (int) (location >>> SIZE_BITS) & OFFSET_MAX;
    }

    /** The frame's size in bytes, rounded up by at most 1/32. */
    public static int frameBytesAtLeast(long location) {
        int code = (int) location & ((1 << SIZE_BITS) - 1);
        int exponent = code >>> MANTISSA_BITS;
        int mantissa = code & (MANTISSA_ONE - 1);
        return exponent == 0 ? mantissa : (MANTISSA_ONE + mantissa) << (exponent - 1);
    }

    /** Whether a record's frame may lie there in a segment of that length, as far as its rounded size tells. */
    public static boolean fitsInto(long location, long segmentLength) {
        int frameBytes = frameBytesAtLeast(location);
        return frameBytes >= FrameHeader.REMOVE_BYTES
                && offset(location) >= SegmentHeader.BYTES
                && frameBytes - frameBytes / MANTISSA_ONE <= segmentLength - offset(location);
    }

    static int checkedSegmentId(long number, String file, long offset) {
        if (number < 1 || number > SEGMENT_ID_MAX) {
            throw new DamageException(file, offset, "a segment id of 1 to " + SEGMENT_ID_MAX, String.valueOf(number));
        }
        return (int) number;
    }

    /** The same where 0 stands for no segment. */
    static int checkedSegmentIdOrNone(long number, String file, long offset) {
        return number == 0 ? 0 : checkedSegmentId(number, file, offset);
    }

    private static int encodeSize(int bytes) {
        if (bytes < MANTISSA_ONE) {
            return bytes;
        }
        int shift = Integer.SIZE - Integer.numberOfLeadingZeros(bytes) - MANTISSA_BITS - 1;
        int rounded = (bytes + (1 << shift) - 1) >>> shift;
        if (rounded == 2 * MANTISSA_ONE) {
            rounded = MANTISSA_ONE;
            shift++;
        }
        return ((shift + 1) << MANTISSA_BITS) | (rounded - MANTISSA_ONE);
    }
}
