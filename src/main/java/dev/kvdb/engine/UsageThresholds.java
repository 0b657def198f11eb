package dev.kvdb.engine;

import java.util.Optional;

/** Tells when 80 and 90 % of a limit are used, once each until clearly less is used again. Belongs to one thread. */
final class UsageThresholds {

    private static final int[] PERCENT = {80, 90};

    /** A threshold may be passed again when so much less is used. */
    private static final int HYSTERESIS_PERCENT = 5;

    private final String user;
    private final String limit;

    /** How many of the thresholds were passed and told of. */
    private int passed;

    /**
     * @param user who uses something, and the verb: {@code "X uses"}
     * @param limit of what, {@code "its quota"}
     */
    UsageThresholds(String user, String limit) {
        this.user = user;
        this.limit = limit;
    }

    /** A threshold was passed, upwards or back; {@code line} says so to a person. */
    record Crossing(boolean upwards, String line) {}

    /** The thresholds that were passed since the last call, as one. */
    Optional<Crossing> crossing(long usedBytes, long limitBytes) {
        double percent = 100.0 * usedBytes / limitBytes;
        int before = passed;
        while (passed < PERCENT.length && percent >= PERCENT[passed]) {
            passed++;
        }
        while (passed > 0 && percent < PERCENT[passed - 1] - HYSTERESIS_PERCENT) {
            passed--;
        }
        if (passed == before) {
            return Optional.empty();
        }
        String used =
                user + " " + (long) percent + " % of " + limit + ", " + usedBytes + " of " + limitBytes + " bytes";
        return Optional.of(
                passed > before
                        ? new Crossing(true, used + ": more than " + PERCENT[passed - 1] + " %")
                        : new Crossing(false, used + ": less than " + PERCENT[passed] + " % again"));
    }
}
