package dev.kvdb.bench;

import java.util.SplittableRandom;

/**
 * Zipf's distribution with the exponent 0.99 by the method of Gray et al., "Quickly generating billion-record synthetic
 * databases" (1994), which YCSB uses too. The frequent keys are strewn over all of them. Its choices are made
 * beforehand and repeat after four million.
 */
final class ZipfChoice implements KeyChoice {

    private static final double EXPONENT = 0.99;
    private static final int CHOICES = 1 << 22;

    private final int[] chosen = new int[CHOICES];
    private int next;

    ZipfChoice(long count, long seed) {
        double alpha = 1 / (1 - EXPONENT);
        double zeta = zeta(count);
        double eta = (1 - Math.pow(2.0 / count, 1 - EXPONENT)) / (1 - zeta(2) / zeta);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < CHOICES; i++) {
            double u = random.nextDouble();
            double uz = u * zeta;
            long rank;
            if (uz < 1) {
                rank = 0;
            } else if (uz < 1 + Math.pow(0.5, EXPONENT)) {
                rank = 1;
            } else {
                rank = (long) (count * Math.pow(eta * u - eta + 1, alpha));
            }
            chosen[i] = (int) Math.floorMod(Keys.mix(Math.min(rank, count - 1)), count);
        }
    }

    private static double zeta(long count) {
        double sum = 0;
        for (long i = 1; i <= count; i++) {
            sum += 1 / Math.pow(i, EXPONENT);
        }
        return sum;
    }

    @Override
    public long next() {
        int number = chosen[next];
        next = (next + 1) & (CHOICES - 1);
        return number;
    }
}
