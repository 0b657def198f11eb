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

    private final long bytes;
    private final LongSupplier used;
    private final UsageThresholds thresholds;

    /**
     * @param directory the store's directory
     * @param bytes the limit; 0 for none
     * @param used bytes in the store's files
     */
    Quota(String directory, long bytes, LongSupplier used) {
        this.bytes = bytes;
        this.used = used;
        this.thresholds = new UsageThresholds(directory + " uses", "its quota");
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

    /** The thresholds that were passed since the last call, as one; each counts once until it is left well behind. */
    Optional<UsageThresholds.Crossing> crossing() {
        return bytes == 0 ? Optional.empty() : thresholds.crossing(usedBytes(), bytes);
    }
}
