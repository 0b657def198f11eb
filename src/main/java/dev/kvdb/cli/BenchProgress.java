package dev.kvdb.cli;

import dev.kvdb.cli.bench.LoadProgress;
import dev.kvdb.cli.bench.LoadSettings;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a bench stands: a bar where a person watches the standard error; elsewhere, where it was asked for, a line a
 * second. Close it before printing anything else.
 */
final class BenchProgress implements AutoCloseable {

    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double P99 = 99;

    private final Terminal terminal;
    private final LoadSettings settings;
    private final boolean isAskedFor;
    private @Nullable Progress bar;
    private long linesNanos;
    private long toldNanos;
    private long toldOk;

    BenchProgress(Terminal terminal, LoadSettings settings, boolean isAskedFor) {
        this.terminal = terminal;
        this.settings = settings;
        this.isAskedFor = isAskedFor;
    }

    /** Whether anybody sees it. */
    boolean isShown() {
        return isAskedFor || terminal.errIsTerminal();
    }

    /** So many of the keys are set, or removed. */
    void bulk(String task, long done) {
        bar(task, settings.keys(), " keys", 1).reached(done);
    }

    /** The load. */
    void load(LoadProgress now) {
        String words = words(now);
        if (settings.count() < LoadSettings.UNLIMITED) {
            tell(bar("bench", settings.count(), " calls", 1), now.ok() + now.failed(), words);
        } else {
            long totalMillis = (settings.warmUpNanos() + settings.durationNanos()) / NANOS_PER_MILLI;
            long doneMillis = Math.min(totalMillis, now.elapsedNanos() / NANOS_PER_MILLI);
            tell(bar("bench", totalMillis, " s", TimeUnit.SECONDS.toMillis(1)), doneMillis, words);
        }
        if (isAskedFor && !terminal.errIsTerminal() && now.elapsedNanos() - linesNanos >= NANOS_PER_SECOND) {
            linesNanos = now.elapsedNanos();
            terminal.message(String.format(Locale.ROOT, "%.0f s: %s", linesNanos / NANOS_PER_SECOND, words));
        }
        toldNanos = now.elapsedNanos();
        toldOk = now.ok();
    }

    private static void tell(Progress bar, long done, String words) {
        bar.reached(done);
        bar.tell(words);
    }

    private String words(LoadProgress now) {
        if (now.elapsedNanos() < settings.warmUpNanos()) {
            return "warming up";
        }
        double seconds = Math.max(1, now.elapsedNanos() - toldNanos) / NANOS_PER_SECOND;
        return String.format(
                Locale.ROOT,
                "%,.0f/s, p99 %s ms%s",
                (now.ok() - toldOk) / seconds,
                BenchText.millis(now.latency().getValueAtPercentile(P99)),
                now.failed() == 0 ? "" : String.format(Locale.ROOT, ", %,d failed", now.failed()));
    }

    private Progress bar(String task, long total, String unit, long unitSize) {
        if (bar == null) {
            bar = Progress.start(terminal, task, total, unit, unitSize);
        }
        return bar;
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
        bar = null;
    }
}
