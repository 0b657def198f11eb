package dev.kvdb.cli.bench;

import org.HdrHistogram.Histogram;

/**
 * How a run stands.
 *
 * @param elapsedNanos since its start, warm-up included
 * @param ok calls that count and were answered
 * @param failed calls that count and failed
 * @param latency of these, in nanoseconds
 */
public record LoadProgress(long elapsedNanos, long ok, long failed, Histogram latency) {

    /** That of two workers together. */
    LoadProgress plus(LoadProgress other) {
        Histogram both = latency.copy();
        both.add(other.latency);
        return new LoadProgress(Math.max(elapsedNanos, other.elapsedNanos), ok + other.ok, failed + other.failed, both);
    }
}
