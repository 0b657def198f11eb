package dev.kvdb.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * A progress bar on the standard error where a person watches it; else nothing. Close it before printing anything else.
 */
final class Progress implements AutoCloseable {

    private static final int COLUMNS = 79;
    private static final int UPDATE_MILLIS = 200;

    private final @Nullable ProgressBar bar;

    private Progress(@Nullable ProgressBar bar) {
        this.bar = bar;
    }

    /** A bar for {@code total} of a unit. */
    static Progress start(Terminal terminal, String task, long total, String unit, long unitSize) {
        if (!terminal.errIsTerminal()) {
            return new Progress(null);
        }
        return new Progress(new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUnit(unit, unitSize)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(terminal.err(), COLUMNS))
                .build());
    }

    /** So much of the total is done. */
    void reached(long done) {
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    /** How it goes, in a few words behind the bar. */
    void tell(String words) {
        if (bar != null) {
            bar.setExtraMessage(words);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
