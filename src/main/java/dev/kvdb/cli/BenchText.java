package dev.kvdb.cli;

import dev.kvdb.cli.bench.LoadResult;
import dev.kvdb.cli.bench.LoadSettings;
import dev.kvdb.cli.bench.Operation;
import dev.kvdb.cli.bench.OperationResult;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/** What a bench found, as a table. */
final class BenchText {

    private static final double NANOS_PER_MILLI = 1e6;
    private static final long NANOS_PER_MILLI_WHOLE = 1_000_000;
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};
    private static final String HEADER = "%n%-8s %12s %10s %9s %9s %9s %9s %9s %9s%n";
    private static final String ROW = "%-8s %,12d %,10.0f";

    private final LoadSettings settings;
    private final LoadResult result;
    private final StringBuilder table = new StringBuilder();

    private BenchText(LoadSettings settings, LoadResult result) {
        this.settings = settings;
        this.result = result;
    }

    /** The table, without a line end at its end. */
    static String table(String server, LoadSettings settings, LoadResult result) {
        BenchText text = new BenchText(settings, result);
        text.settings(server);
        text.totals();
        text.operations();
        return text.table.toString().stripTrailing();
    }

    /** Nanoseconds as milliseconds, with digits enough to tell one from another. */
    static String millis(long nanos) {
        double millis = nanos / NANOS_PER_MILLI;
        return String.format(Locale.ROOT, millis < 100 ? "%.3f" : "%.1f", millis);
    }

    /** The sizes of values, for example {@code 100 bytes} or {@code 100 bytes to 4.0 KiB}. */
    static String sizes(LoadSettings settings) {
        String min = Text.bytes(settings.valueSizes().bytesMin());
        String max = Text.bytes(settings.valueSizes().bytesMax());
        return min.equals(max) ? min : min + " to " + max;
    }

    private void settings(String server) {
        row("server", server);
        row("mix", settings.mix() + ", seed " + settings.seed());
        row(
                "keys",
                String.format(Locale.ROOT, "%,d, %s", settings.keys(), settings.distribution()) + ", values of "
                        + sizes(settings));
        row(
                "load",
                (settings.isOpenLoop()
                                ? String.format(Locale.ROOT, "%,.0f calls/s, at most ", settings.ratePerSecond())
                                : "")
                        + settings.concurrency() + " in flight over "
                        + Text.count(settings.connections(), "connection"));
    }

    private void totals() {
        row(
                "took",
                Text.millis(result.elapsedNanos() / NANOS_PER_MILLI_WHOLE)
                        + (settings.warmUpNanos() == 0
                                ? ""
                                : " after " + Text.millis(settings.warmUpNanos() / NANOS_PER_MILLI_WHOLE)
                                        + " of warm-up")
                        + (result.isInterrupted() ? ", interrupted" : ""));
        row(
                "calls",
                String.format(Locale.ROOT, "%,d answered (%,.0f/s), ", result.ok(), result.callsPerSecond())
                        + String.format(Locale.ROOT, "%,d failed", result.failed())
                        + (result.notSent() == 0
                                ? ""
                                : String.format(Locale.ROOT, ", %,d not sent in time", result.notSent())));
        row(
                "values",
                Text.bytes((long) result.perSecond(result.bytesRead())) + "/s read, "
                        + Text.bytes((long) result.perSecond(result.bytesWritten())) + "/s written");
        OperationResult gets = result.operations().get(Operation.GET);
        if (gets != null) {
            row("found", String.format(Locale.ROOT, "%,d of %,d gets", gets.hits(), gets.ok()));
        }
        if (settings.isVerified()) {
            row(
                    "verified",
                    Text.count(result.verified().reads(), "read") + ", "
                            + String.format(
                                    Locale.ROOT, "%,d", result.verified().wrong()) + " wrong");
        }
        result.operations().forEach((operation, part) -> {
            if (!part.errors().isEmpty()) {
                row("failed", operation.label() + ": " + errors(part.errors()));
            }
        });
    }

    private static String errors(Map<String, Long> errors) {
        return errors.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(error -> String.format(Locale.ROOT, "%,d %s", error.getValue(), error.getKey()))
                .collect(Collectors.joining(", "));
    }

    private void operations() {
        table.append(String.format(
                Locale.ROOT, HEADER, "", "answered", "per second", "p50 ms", "p90", "p99", "p99.9", "p99.99", "max"));
        result.operations().forEach((operation, part) -> {
            table.append(
                    String.format(Locale.ROOT, ROW, operation.label(), part.ok(), result.perSecond(part.inTime())));
            percentiles(part.latency());
            if (part.service() != null) {
                table.append(String.format(Locale.ROOT, "%-8s %12s %10s", "", "", "from send"));
                percentiles(part.service());
            }
        });
    }

    private void percentiles(Histogram latency) {
        for (double percentile : PERCENTILES) {
            table.append(String.format(Locale.ROOT, " %9s", millis(latency.getValueAtPercentile(percentile))));
        }
        table.append('\n');
    }

    private void row(String name, String value) {
        table.append(String.format(Locale.ROOT, "%-13s %s%n", name, value));
    }
}
