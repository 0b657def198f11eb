package dev.kvdb.cli.bench;

import dev.kvdb.client.ClientException;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What became of the calls that count. For use by one thread. */
final class Tally {

    /** Histograms distinguish microseconds. */
    private static final long NANOS_MIN = 1_000;
    /** And end here: a day. */
    private static final long NANOS_MAX = 86_400_000_000_000L;

    private static final int DIGITS = 3;
    /** A failure that took less would make the percentiles look better than they are. */
    private static final long FAILURE_COUNTS_NANOS = 100_000_000;

    /** One operation's part. */
    private static final class Part {

        private final Histogram latency = new Histogram(NANOS_MIN, NANOS_MAX, DIGITS);
        private final @Nullable Histogram service;
        private final Map<String, Long> errors = new TreeMap<>();
        private long ok;
        private long inTime;
        private long hits;

        Part(boolean isOpenLoop) {
            service = isOpenLoop ? new Histogram(NANOS_MIN, NANOS_MAX, DIGITS) : null;
        }

        void record(long latencyNanos, long serviceNanos, long nanosMin) {
            if (latencyNanos >= nanosMin) {
                latency.recordValue(Math.min(NANOS_MAX, latencyNanos));
            }
            if (service != null && serviceNanos >= nanosMin) {
                service.recordValue(Math.min(NANOS_MAX, serviceNanos));
            }
        }

        OperationResult result() {
            return new OperationResult(ok, inTime, hits, Map.copyOf(errors), latency, service);
        }
    }

    private final LoadSettings settings;
    private final Map<Operation, Part> parts = new EnumMap<>(Operation.class);
    private long endNanos;
    private long lastNanos;
    private long notSent;
    private long bytesRead;
    private long bytesWritten;
    private long readsVerified;
    private long readsWrong;
    private @Nullable String firstWrong;

    Tally(LoadSettings settings) {
        this.settings = settings;
        endNanos = settings.endNanos();
        for (Operation operation : Operation.values()) {
            if (settings.mix().weight(operation) > 0) {
                parts.put(operation, new Part(settings.isOpenLoop()));
            }
        }
    }

    private Part part(Operation operation) {
        Part part = parts.get(operation);
        if (part == null) {
            throw new IllegalStateException(operation + " is not in the mix " + settings.mix());
        }
        return part;
    }

    /** The run ends at this moment, rather than at the one that was set. */
    void endAt(long nowNanos) {
        endNanos = Math.min(endNanos, nowNanos);
    }

    /** A reply came, to whichever call. The rate is that of replies within the measured time. */
    void replied(Operation operation, long nowNanos) {
        if (nowNanos > settings.measureFromNanos() && nowNanos <= endNanos) {
            part(operation).inTime++;
        }
    }

    /**
     * A call that counts was answered.
     *
     * @param intendedNanos when it was meant to begin
     * @param sentNanos when it began
     * @param isHit whether the key had a value
     */
    void answered(Operation operation, long intendedNanos, long sentNanos, long nowNanos, boolean isHit) {
        Part part = part(operation);
        part.record(nowNanos - intendedNanos, nowNanos - sentNanos, 0);
        part.ok++;
        part.hits += isHit ? 1 : 0;
        lastNanos = Math.max(lastNanos, nowNanos);
    }

    void transferred(long readBytes, long writtenBytes) {
        bytesRead += readBytes;
        bytesWritten += writtenBytes;
    }

    /**
     * A call that counts failed. Where it was waited for in vain the time counts, whatever the reason.
     *
     * @param reason as {@link #reason} gives it, or {@link LoadResult#INTERRUPTED} for a call that was given up
     */
    void failed(Operation operation, long intendedNanos, long sentNanos, long nowNanos, String reason) {
        Part part = part(operation);
        part.errors.merge(reason, 1L, Long::sum);
        long nanosMin = Math.min(FAILURE_COUNTS_NANOS, settings.timeoutNanos());
        part.record(nowNanos - intendedNanos, nowNanos - sentNanos, nanosMin);
        if (!reason.equals(LoadResult.INTERRUPTED)) {
            lastNanos = Math.max(lastNanos, nowNanos);
        }
    }

    static String reason(ClientException failure) {
        return failure.reason().orElseGet(() -> switch (failure.kind()) {
            case UNREACHABLE, CONNECTION_LOST, TIMED_OUT -> failure.kind().name();
            case REFUSED, FAILED -> failure.code();
        });
    }

    /** Calls were meant to begin and never did. They count as long as they have waited until now, at least. */
    void notSent(Operation operation, long waitedNanos, long calls) {
        notSent += calls;
        part(operation).latency.recordValueWithCount(Math.min(NANOS_MAX, waitedNanos), calls);
    }

    void verified(@Nullable String wrong) {
        readsVerified++;
        if (wrong != null) {
            readsWrong++;
            if (firstWrong == null) {
                firstWrong = wrong;
            }
        }
    }

    /** How it stands, as a copy. */
    LoadProgress progress(long nowNanos) {
        long ok = 0;
        long failed = 0;
        Histogram latency = new Histogram(NANOS_MIN, NANOS_MAX, DIGITS);
        for (Part part : parts.values()) {
            ok += part.ok;
            failed += part.errors.values().stream().mapToLong(Long::longValue).sum();
            latency.add(part.latency);
        }
        return new LoadProgress(nowNanos, ok, failed, latency);
    }

    /** The outcome, once nothing is added any more. */
    LoadResult result(boolean isInterrupted) {
        Map<Operation, OperationResult> operations = new EnumMap<>(Operation.class);
        parts.forEach((operation, part) -> operations.put(operation, part.result()));
        long end = endNanos < LoadSettings.UNLIMITED ? endNanos : lastNanos;
        return new LoadResult(
                operations,
                isInterrupted,
                Math.max(0, end - settings.measureFromNanos()),
                notSent,
                bytesRead,
                bytesWritten,
                new LoadResult.Verified(readsVerified, readsWrong, firstWrong));
    }
}
