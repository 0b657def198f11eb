package dev.kvdb.cli.bench;

import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What became of one operation's calls that count.
 *
 * @param ok how many were answered
 * @param inTime how many replies came within the measured time, whenever their calls began
 * @param hits how many of the answered ones found a value at the key
 * @param errors how many failed, by reason
 * @param latency in nanoseconds from the moment a call was meant to begin: of calls that were answered; of those that
 *     failed after a while, until then; and of those that were never sent, until the run ended
 * @param service at a rate: the same from the moment a call was sent, without those that never were; else null
 */
public record OperationResult(
        long ok,
        long inTime,
        long hits,
        Map<String, Long> errors,
        Histogram latency,
        @Nullable Histogram service) {

    /** How many failed. */
    public long failed() {
        return errors.values().stream().mapToLong(Long::longValue).sum();
    }

    /** That of two workers together. */
    OperationResult plus(OperationResult other) {
        Map<String, Long> all = new TreeMap<>(errors);
        other.errors.forEach((reason, count) -> all.merge(reason, count, Long::sum));
        Histogram bothLatency = latency.copy();
        bothLatency.add(other.latency);
        Histogram bothService = null;
        if (service != null && other.service != null) {
            bothService = service.copy();
            bothService.add(other.service);
        }
        return new OperationResult(
                ok + other.ok, inTime + other.inTime, hits + other.hits, all, bothLatency, bothService);
    }
}
