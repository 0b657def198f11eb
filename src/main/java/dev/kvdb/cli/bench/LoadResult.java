package dev.kvdb.cli.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What became of the calls that count.
 *
 * @param operations by operation, those of the mix only
 * @param isInterrupted whether the run was stopped before its end
 * @param elapsedNanos how long the calls that count were begun
 * @param notSent at a rate: calls that were meant to begin and never did, because as many as may be were under way
 * @param bytesRead bytes of values read
 * @param bytesWritten bytes of values set
 * @param verified what the check of values found
 */
public record LoadResult(
        Map<Operation, OperationResult> operations,
        boolean isInterrupted,
        long elapsedNanos,
        long notSent,
        long bytesRead,
        long bytesWritten,
        Verified verified) {

    /**
     * What the check of the values that were read found.
     *
     * @param reads how many were checked
     * @param wrong how many were not what was set
     * @param firstWrong what is wrong with the first of them, or null
     */
    public record Verified(long reads, long wrong, @Nullable String firstWrong) {

        private Verified plus(Verified other) {
            return new Verified(
                    reads + other.reads, wrong + other.wrong, firstWrong != null ? firstWrong : other.firstWrong);
        }
    }

    /** The reason of calls that were under way when the run was stopped, and were given up. */
    public static final String INTERRUPTED = "INTERRUPTED";

    private static final double NANOS_PER_SECOND = 1e9;

    /** How many calls were answered. */
    public long ok() {
        return operations.values().stream().mapToLong(OperationResult::ok).sum();
    }

    /** How many calls failed. */
    public long failed() {
        return operations.values().stream().mapToLong(OperationResult::failed).sum();
    }

    /** How many failed, by reason. */
    public Map<String, Long> errors() {
        Map<String, Long> all = new TreeMap<>();
        operations.values().forEach(part -> part.errors().forEach((reason, n) -> all.merge(reason, n, Long::sum)));
        return all;
    }

    /** How many of this many happened a second. */
    public double perSecond(long number) {
        return elapsedNanos == 0 ? 0 : number / (elapsedNanos / NANOS_PER_SECOND);
    }

    /** How many calls were answered in time, a second. */
    public double callsPerSecond() {
        return perSecond(
                operations.values().stream().mapToLong(OperationResult::inTime).sum());
    }

    /** That of two workers together. */
    LoadResult plus(LoadResult other) {
        Map<Operation, OperationResult> both = new EnumMap<>(operations);
        other.operations.forEach((operation, part) -> both.merge(operation, part, OperationResult::plus));
        return new LoadResult(
                both,
                isInterrupted || other.isInterrupted,
                Math.max(elapsedNanos, other.elapsedNanos),
                notSent + other.notSent,
                bytesRead + other.bytesRead,
                bytesWritten + other.bytesWritten,
                verified.plus(other.verified));
    }
}
