package dev.kvdb.bench;

import java.util.Collections;
import java.util.List;

/**
 * One store's figure divided by another's, each of the same round.
 *
 * @param median of the rounds
 * @param min the smallest
 * @param max the largest
 * @param rounds how many there are
 */
record Ratio(double median, double min, double max, int rounds) {

    /** @param ratios that of each round, at least one */
    static Ratio of(List<Double> ratios) {
        return new Ratio(Numbers.median(ratios), Collections.min(ratios), Collections.max(ratios), ratios.size());
    }

    /** The median, and in brackets the smallest and largest where there are several rounds. */
    String text() {
        String middle = Numbers.text(median);
        return rounds == 1 ? middle : middle + " (" + Numbers.text(min) + " to " + Numbers.text(max) + ")";
    }
}
