package dev.kvdb.engine.index;

/**
 * A "frame of reference": a base and a width such that {@code value - base} takes {@code width} bytes as an unsigned
 * number.
 *
 * <p>The algorithm is that of Goldstein, Ramakrishnan and Shaft, "Compressing relations and indexes" (ICDE 1998). A
 * frame lies within the signed 64-bit numbers, it never wraps, hence differences order as values do.
 */
final class Frame {

    private Frame() {}

    /** The least number of bytes, 1 to 8, that tells all values from {@code min} to {@code max} apart. */
    static int width(long min, long max) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(max - min);
        return Math.max(1, (bits + Byte.SIZE - 1) / Byte.SIZE);
    }

    /**
     * The base of a frame around {@code min} to {@code max}, with what is spare in the width on both sides, so that
     * neighbours fit as well.
     */
    static long base(long min, long max, int width) {
        if (width == Long.BYTES) {
            return Long.MIN_VALUE;
        }
        long reach = mask(width);
        long below = (reach - (max - min)) / 2;
        long lowest = Math.max(min, Long.MIN_VALUE + below) - below;
        return Math.min(lowest, Long.MAX_VALUE - reach);
    }

    /** Whether a value lies in the frame. */
    static boolean fits(long value, long base, int width) {
        return value >= base && value <= base + mask(width);
    }

    /** The bits of the width. */
    static long mask(int width) {
        return -1L >>> (Long.SIZE - width * Byte.SIZE);
    }
}
