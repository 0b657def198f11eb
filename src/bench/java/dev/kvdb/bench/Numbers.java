package dev.kvdb.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Medians, and numbers as a person reads them. */
final class Numbers {

    private static final double WHOLE_FROM = 1_000;
    private static final double HUNDREDS = 100;
    private static final double TENS = 10;

    private Numbers() {}

    static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** With three digits, or all of them before the point; of a division by zero, a hyphen. */
    static String text(double value) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        double size = Math.abs(value);
        String format = size >= WHOLE_FROM ? "%,.0f" : size >= HUNDREDS ? "%.0f" : size >= TENS ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
