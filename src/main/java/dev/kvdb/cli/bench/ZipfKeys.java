package dev.kvdb.cli.bench;

import java.util.SplittableRandom;

/**
 * Draws keys by Zipf's law: that of rank r in proportion to 1 / r^exponent. Neighbouring ranks are far apart in the
 * range, by a fixed permutation, so that the frequent keys do not lie side by side.
 *
 * <p>Rejection-inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone
 * discrete distributions", ACM TOMACS 6(3), 1996. Constant memory and time, whatever the number of keys.
 */
final class ZipfKeys implements KeyChooser {

    private static final double GOLDEN_SECTION = (Math.sqrt(5) - 1) / 2;
    /** Below it a quotient loses digits, and its Taylor series has them. */
    private static final double TAYLOR_MAX = 1e-8;

    private final long keys;
    private final double exponent;
    private final SplittableRandom random;
    private final long stride;
    private final double integralOfFirst;
    private final double integralOfLast;
    private final double acceptedDistance;

    ZipfKeys(long keys, double exponent, SplittableRandom random) {
        this.keys = keys;
        this.exponent = exponent;
        this.random = random;
        this.stride = coprimeStride(keys);
        this.integralOfFirst = integral(1.5) - 1;
        this.integralOfLast = integral(keys + 0.5);
        this.acceptedDistance = 2 - integralInverse(integral(2.5) - density(2));
    }

    private static long coprimeStride(long keys) {
        long candidate = Math.max(1, (long) (keys * GOLDEN_SECTION));
        while (greatestCommonDivisor(candidate, keys) != 1) {
            candidate++;
        }
        return candidate;
    }

    private static long greatestCommonDivisor(long a, long b) {
        return b == 0 ? a : greatestCommonDivisor(b, a % b);
    }

    @Override
    public long next() {
        return indexOf(nextRank());
    }

    /** Where the key of a rank lies in the range. */
    long indexOf(long rank) {
        return (rank - 1) * stride % keys;
    }

    private long nextRank() {
        while (true) {
            double u = integralOfLast + random.nextDouble() * (integralOfFirst - integralOfLast);
            double x = integralInverse(u);
            long rank = Math.min(keys, Math.max(1, (long) (x + 0.5)));
            if (rank - x <= acceptedDistance || u >= integral(rank + 0.5) - density((double) rank)) {
                return rank;
            }
        }
    }

    private double density(double x) {
        return Math.exp(-exponent * Math.log(x));
    }

    /** An antiderivative of the density: (x^(1-exponent) - 1) / (1-exponent), which is log(x) at exponent 1. */
    private double integral(double x) {
        double log = Math.log(x);
        return expm1Quotient((1 - exponent) * log) * log;
    }

    private double integralInverse(double y) {
        double t = Math.max(-1, y * (1 - exponent));
        return Math.exp(log1pQuotient(t) * y);
    }

    private static double log1pQuotient(double x) {
        return Math.abs(x) > TAYLOR_MAX ? Math.log1p(x) / x : 1 - x * (1.0 / 2 - x * (1.0 / 3 - x / 4));
    }

    private static double expm1Quotient(double x) {
        return Math.abs(x) > TAYLOR_MAX ? Math.expm1(x) / x : 1 + x / 2 * (1 + x / 3 * (1 + x / 4));
    }
}
