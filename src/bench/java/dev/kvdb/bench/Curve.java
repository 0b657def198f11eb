package dev.kvdb.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * What a plot is made of: a value over something else.
 *
 * @param name what it is, unique in its measurement
 * @param xUnit the unit of the points' x
 * @param unit the unit of their y
 * @param points at least one, x ascending
 */
record Curve(String name, String xUnit, String unit, List<Point> points) {

    /** Enough for a plot. */
    static final int POINTS_MAX = 200;

    private static final double NANOS_PER_MICRO = TimeUnit.MICROSECONDS.toNanos(1);
    /** In thousandths of a percent. */
    private static final long[] PERCENTILES = {
        0, 10_000, 25_000, 50_000, 75_000, 90_000, 95_000, 97_500, 99_000, 99_500, 99_750, 99_900, 99_950, 99_975,
        99_990, 99_995, 99_999
    };

    private static final long HALF = 50_000;
    private static final long ALL = 100_000;
    private static final double PER_PERCENT = 1_000;
    /** A percentile above the median that fewer operations are beyond would be a matter of chance. */
    private static final long BEYOND_MIN = 10;

    /** A point of it. */
    record Point(double x, double y) {}

    /** Percentiles of latencies, as far as there are operations enough to tell them. */
    static Curve ofPercentiles(String name, Histogram nanos) {
        List<Point> points = new ArrayList<>();
        for (long percentile : PERCENTILES) {
            if (percentile <= HALF || nanos.getTotalCount() * (ALL - percentile) >= BEYOND_MIN * ALL) {
                double percent = percentile / PER_PERCENT;
                points.add(new Point(percent, nanos.getValueAtPercentile(percent) / NANOS_PER_MICRO));
            }
        }
        return new Curve(name, "%", "us", points);
    }

    /** Of as many neighbours as it takes for {@value #POINTS_MAX} points to be left, the largest one. */
    static List<Point> largestOf(List<Point> points) {
        int neighbours = (points.size() + POINTS_MAX - 1) / POINTS_MAX;
        List<Point> largest = new ArrayList<>();
        for (int from = 0; from < points.size(); from += neighbours) {
            points.subList(from, Math.min(points.size(), from + neighbours)).stream()
                    .max(Comparator.comparingDouble(Point::y))
                    .ifPresent(largest::add);
        }
        return largest;
    }
}
