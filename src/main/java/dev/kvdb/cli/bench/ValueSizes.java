package dev.kvdb.cli.bench;

import java.util.SplittableRandom;

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

    int draw(SplittableRandom random) {
        return bytesMin == bytesMax ? bytesMin : random.nextInt(bytesMin, bytesMax + 1);
    }
}
