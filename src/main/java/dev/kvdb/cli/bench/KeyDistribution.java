package dev.kvdb.cli.bench;

import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How keys are drawn from their range. Immutable.
 *
 * @param kind the family
 * @param exponent of {@link Kind#ZIPF}: the key of rank r is drawn in proportion to 1 / r^exponent; else 0
 */
public record KeyDistribution(Kind kind, double exponent) {

    /** The families of distributions. */
    public enum Kind {
        /** Each key as often as any other. */
        UNIFORM,
        /** A few keys often, most of them seldom; the frequent ones are scattered over the range. */
        ZIPF,
        /** One after the other, in ascending order, and again from the first one. */
        SEQUENTIAL;

        /** Its name in options and results. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final double EXPONENT_DEFAULT = 0.99;
    private static final double EXPONENT_MAX = 10;
    private static final Pattern ZIPF = Pattern.compile("zipf(?::([0-9]{1,2}(?:\\.[0-9]{1,9})?))?");

    /**
     * Reads {@code uniform}, {@code sequential}, {@code zipf} or {@code zipf:1.2}.
     *
     * @throws IllegalArgumentException where the text is anything else; the message says what is wrong with it
     */
    public static KeyDistribution parse(String text) {
        if (text.equals("uniform")) {
            return new KeyDistribution(Kind.UNIFORM, 0);
        }
        if (text.equals("sequential")) {
            return new KeyDistribution(Kind.SEQUENTIAL, 0);
        }
        Matcher zipf = ZIPF.matcher(text);
        if (!zipf.matches()) {
            throw new IllegalArgumentException("'" + text
                    + "' is not a distribution of keys; write uniform, sequential, zipf or for example " + "zipf:1.2");
        }
        double exponent = zipf.group(1) == null ? EXPONENT_DEFAULT : Double.parseDouble(zipf.group(1));
        if (exponent <= 0 || exponent > EXPONENT_MAX) {
            throw new IllegalArgumentException("'" + text + "': the exponent must be over 0 and at most 10");
        }
        return new KeyDistribution(Kind.ZIPF, exponent);
    }

    /** Draws for one of several workers, which share out a sequence among themselves. */
    KeyChooser chooser(long keys, int worker, int workers, SplittableRandom random) {
        return switch (kind) {
            case UNIFORM -> () -> random.nextLong(keys);
            case ZIPF -> new ZipfKeys(keys, exponent, random);
            case SEQUENTIAL -> new SequentialKeys(keys, worker, workers);
        };
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return kind == Kind.ZIPF ? "zipf:" + exponent : kind.label();
    }

    /** Each of several steps through the range so that together they walk along it. */
    private static final class SequentialKeys implements KeyChooser {

        private final long keys;
        private final int workers;
        private long next;

        SequentialKeys(long keys, int worker, int workers) {
            this.keys = keys;
            this.workers = workers;
            this.next = worker;
        }

        @Override
        public long next() {
            long index = next % keys;
            next += workers;
            return index;
        }
    }
}
