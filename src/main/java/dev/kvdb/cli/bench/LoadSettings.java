package dev.kvdb.cli.bench;

import java.util.SplittableRandom;

/**
 * What load to put on a server. Immutable.
 *
 * @param mix which operations
 * @param distribution which keys
 * @param firstKey the first key of the range
 * @param keys how many keys the range has
 * @param valueSizes how large the values are
 * @param concurrency how many calls may be in flight, over all connections
 * @param connections how many connections
 * @param ratePerSecond how many calls begin a second, whatever the server does; 0 for as many as it answers
 * @param warmUpNanos how long calls are made before those that count
 * @param durationNanos how long calls that count are begun; {@link #UNLIMITED} where their count ends the run
 * @param count how many calls count; {@link #UNLIMITED} where the duration ends the run
 * @param timeoutNanos how long a call may take before it is given up
 * @param seed from which all that is random is drawn
 * @param isVerified whether values that are read are checked
 * @param isTracked whether the keys that are set are remembered, so that they can be removed
 */
public record LoadSettings(
        OperationMix mix,
        KeyDistribution distribution,
        long firstKey,
        int keys,
        ValueSizes valueSizes,
        int concurrency,
        int connections,
        double ratePerSecond,
        long warmUpNanos,
        long durationNanos,
        long count,
        long timeoutNanos,
        long seed,
        boolean isVerified,
        boolean isTracked) {

    /** A duration or a count that does not end the run. Small enough to be added to. */
    public static final long UNLIMITED = Long.MAX_VALUE / 4;

    /** How long a call that failed is not made again: what a server that is overloaded asks its clients for. */
    static final long FAILURE_PAUSE_NANOS = 100_000_000;

    /** Whether calls begin at a fixed rate. */
    public boolean isOpenLoop() {
        return ratePerSecond > 0;
    }

    /** How many event-loop threads make the calls: half of the processors, for the server may need the others. */
    public int threads() {
        return Math.min(connections, Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    }

    /** The last key of the range. */
    public long lastKey() {
        return firstKey + keys - 1;
    }

    /** Reckoned from the start of the run: when calls begin to count. */
    long measureFromNanos() {
        return warmUpNanos;
    }

    /** Reckoned from the start of the run: when no more calls begin. */
    long endNanos() {
        return warmUpNanos + durationNanos;
    }

    /** A worker's own randomness, so that a run can be repeated whatever the threads do. */
    SplittableRandom random(int worker) {
        SplittableRandom root = new SplittableRandom(seed);
        SplittableRandom own = root.split();
        for (int i = 0; i < worker; i++) {
            own = root.split();
        }
        return own;
    }

    /** A worker's part of a number that they share out among themselves. */
    static long share(long total, int worker, int workers) {
        return total / workers + (worker < total % workers ? 1 : 0);
    }
}
