package dev.kvdb.cli.bench;

/**
 * The sizes of values, each as likely as any other. Immutable.
 *
 * @param bytesMin the smallest, in bytes
 * @param bytesMax the largest, in bytes
 */
public record ValueSizes(int bytesMin, int bytesMax) {

    /** @throws IllegalArgumentException where a size is negative or the largest is below the smallest */
    public ValueSizes {
        if (bytesMin < 0 || bytesMax < bytesMin) {
            throw new IllegalArgumentException(
                    "sizes from " + bytesMin + " to " + bytesMax + " are none; the second must not be below the first");
        }
    }

    /** The size of the value that has this stamp. */
    int of(long stamp) {
        long sizes = bytesMax - bytesMin + 1L;
        // The upper half of the stamp as a fraction of them.
        return bytesMin + (int) (((stamp >>> Integer.SIZE) * sizes) >>> Integer.SIZE);
    }

    /** Whether values may be this large. */
    boolean has(int bytes) {
        return bytes >= bytesMin && bytes <= bytesMax;
    }
}
