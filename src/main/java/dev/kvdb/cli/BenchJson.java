package dev.kvdb.cli;

import dev.kvdb.cli.bench.KeyDistribution;
import dev.kvdb.cli.bench.LoadResult;
import dev.kvdb.cli.bench.LoadSettings;
import dev.kvdb.cli.bench.Operation;
import dev.kvdb.cli.bench.OperationResult;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** What a bench found, as JSON. */
final class BenchJson {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private BenchJson() {}

    /** The settings. */
    static JsonObject settings(LoadSettings settings) {
        JsonObject mix = new JsonObject();
        for (Operation operation : Operation.values()) {
            mix.put(operation.label(), settings.mix().weight(operation));
        }
        JsonObject object = new JsonObject()
                .put("mix", mix)
                .put("keys", settings.keys())
                .putExact("firstKey", settings.firstKey())
                .putExact("lastKey", settings.lastKey())
                .put("distribution", settings.distribution().kind().label());
        if (settings.distribution().kind() == KeyDistribution.Kind.ZIPF) {
            object.put("exponent", settings.distribution().exponent());
        }
        object.put("valueBytesMin", settings.valueSizes().bytesMin())
                .put("valueBytesMax", settings.valueSizes().bytesMax())
                .put("concurrency", settings.concurrency())
                .put("connections", settings.connections())
                .put("threads", settings.threads());
        if (settings.isOpenLoop()) {
            object.put("ratePerSecond", settings.ratePerSecond());
        }
        if (settings.count() < LoadSettings.UNLIMITED) {
            object.put("count", settings.count());
        } else {
            object.put("durationMillis", settings.durationNanos() / NANOS_PER_MILLI);
        }
        return object.put("warmUpMillis", settings.warmUpNanos() / NANOS_PER_MILLI)
                .put("timeoutMillis", settings.timeoutNanos() / NANOS_PER_MILLI)
                .putExact("seed", settings.seed())
                .put("verify", settings.isVerified());
    }

    /** Adds the results to an object. */
    static JsonObject addResults(JsonObject object, LoadSettings settings, LoadResult result, boolean histograms) {
        object.put("interrupted", result.isInterrupted())
                .put("elapsedMillis", result.elapsedNanos() / NANOS_PER_MILLI)
                .put("ok", result.ok())
                .put("failed", result.failed())
                .put("notSent", result.notSent())
                .put("okPerSecond", result.callsPerSecond())
                .put("bytesRead", result.bytesRead())
                .put("bytesWritten", result.bytesWritten())
                .put("errors", counts(result.errors()));
        if (settings.isVerified()) {
            LoadResult.Verified verified = result.verified();
            JsonObject check = new JsonObject().put("reads", verified.reads()).put("wrong", verified.wrong());
            object.put(
                    "verified", verified.firstWrong() == null ? check : check.put("firstWrong", verified.firstWrong()));
        }
        JsonObject operations = new JsonObject();
        result.operations()
                .forEach((operation, part) ->
                        operations.put(operation.label(), operation(operation, result, part, histograms)));
        return object.put("operations", operations);
    }

    private static JsonObject operation(
            Operation operation, LoadResult result, OperationResult part, boolean histograms) {
        String hits = switch (operation) {
            case GET -> "found";
            case SET -> "replaced";
            case REMOVE -> "removed";
        };
        JsonObject object = new JsonObject()
                .put("ok", part.ok())
                .put(hits, part.hits())
                .put("failed", part.failed())
                .put("okPerSecond", result.perSecond(part.inTime()))
                .put("errors", counts(part.errors()))
                .put("latencyMicros", percentiles(part.latency()));
        if (part.service() != null) {
            object.put("serviceMicros", percentiles(part.service()));
        }
        return histograms ? object.put("latencyHistogram", compressed(part.latency())) : object;
    }

    private static JsonObject counts(Map<String, Long> counts) {
        JsonObject object = new JsonObject();
        counts.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(count -> object.put(count.getKey(), count.getValue()));
        return object;
    }

    private static JsonObject percentiles(Histogram latency) {
        return new JsonObject()
                .put("count", latency.getTotalCount())
                .put("min", latency.getTotalCount() == 0 ? 0 : micros(latency.getMinValue()))
                .put("mean", micros(Math.round(latency.getMean())))
                .put("p50", micros(latency.getValueAtPercentile(50)))
                .put("p90", micros(latency.getValueAtPercentile(90)))
                .put("p99", micros(latency.getValueAtPercentile(99)))
                .put("p99_9", micros(latency.getValueAtPercentile(99.9)))
                .put("p99_99", micros(latency.getValueAtPercentile(99.99)))
                .put("max", micros(latency.getMaxValue()));
    }

    private static long micros(long nanos) {
        return TimeUnit.NANOSECONDS.toMicros(nanos);
    }

    /** As HdrHistogram's own tools and libraries read it; nanoseconds. */
    private static String compressed(Histogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int bytes = histogram.encodeIntoCompressedByteBuffer(buffer);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), bytes));
    }
}
