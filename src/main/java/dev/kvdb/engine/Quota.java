package dev.kvdb.engine;

import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How much of a limit on the bytes of all its files a store has used. It stops nothing by itself: at the limit sets are
 * refused, and what frees space goes on.
 *
 * <p>{@link #bytes}, {@link #usedBytes} and {@link #roomBytes} may be asked by any thread; {@link #crossing} belongs to
 * the committer thread.
 */
final class Quota {

    private static final int[] THRESHOLDS_PERCENT = {80, 90};

    /** A threshold may be passed again when so much less is used. */
    private static final int HYSTERESIS_PERCENT = 5;

    private final String directory;
    private final long bytes;
    private final LongSupplier used;

    /** How many of the thresholds were passed and told of. */
    private int passed;

    /**
     * @param directory the store's directory
     * @param bytes the limit; 0 for none
     * @param used bytes in the store's files
     */
    Quota(String directory, long bytes, LongSupplier used) {
        this.directory = directory;
        this.bytes = bytes;
        this.used = used;
    }

    /** The limit; 0 for none. */
    long bytes() {
        return bytes;
    }

    /** Bytes in the store's files. */
    long usedBytes() {
        return used.getAsLong();
    }

    /** Bytes that may still be written; negative where there are too many already. */
    long roomBytes() {
        return bytes == 0 ? Long.MAX_VALUE : bytes - usedBytes();
    }

    /** What is used, for a person. */
    String describe() {
        return "the quota of " + bytes + " bytes is reached: " + usedBytes() + " are used";
    }

    /** A threshold was passed, upwards or back; {@code line} says so to a person. */
    record Crossing(boolean upwards, String line) {}

    /** The thresholds that were passed since the last call, as one; each counts once until it is left well behind. */
    Optional<Crossing> crossing() {
        if (bytes == 0) {
            return Optional.empty();
        }
        long usedBytes = usedBytes();
        double percent = 100.0 * usedBytes / bytes;
        int before = passed;
        while (passed < THRESHOLDS_PERCENT.length && percent >= THRESHOLDS_PERCENT[passed]) {
            passed++;
        }
        while (passed > 0 && percent < THRESHOLDS_PERCENT[passed - 1] - HYSTERESIS_PERCENT) {
            passed--;
        }
        if (passed == before) {
            return Optional.empty();
        }
        String used =
                directory + " uses " + (long) percent + " % of its quota, " + usedBytes + " of " + bytes + " bytes";
        return Optional.of(
                passed > before
                        ? new Crossing(true, used + ": more than " + THRESHOLDS_PERCENT[passed - 1] + " %")
                        : new Crossing(false, used + ": less than " + THRESHOLDS_PERCENT[passed] + " % again"));
    }
}
