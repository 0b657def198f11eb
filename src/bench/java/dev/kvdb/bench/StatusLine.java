package dev.kvdb.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Says on the standard error what has been measured, a line for each measurement, and, where a person watches, in a
 * line below what is being measured. Not safe for use by several threads.
 */
final class StatusLine {

    private static final String ERASE = "\r\u001b[K";

    private final PrintStream err;
    private final boolean watched;
    private final long startNanos = System.nanoTime();
    private int total;
    private int finished;
    private String current = "";

    StatusLine(PrintStream err) {
        this.err = err;
        this.watched = isTerminal();
    }

    /** Java cannot say that of one stream. */
    private static boolean isTerminal() {
        try {
            Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/2"));
            return target.startsWith("/dev/pts") || target.startsWith("/dev/tty");
        } catch (IOException e) {
            return false;
        }
    }

    /** So many measurements are to come. */
    void begin(int measurements) {
        total = measurements;
    }

    /** This is measured now. */
    void next(String workload, String peer, int round, int rounds) {
        current = workload + ", " + peer + ", round " + round + " of " + rounds;
        show("");
    }

    /** The store of the measurement is being filled. */
    void loading() {
        show(", loading");
    }

    /** So much of it is done. */
    void reached(double share) {
        show(String.format(Locale.ROOT, ", %.0f %%", 100 * share));
    }

    private void show(String detail) {
        if (watched) {
            Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
            err.printf(
                    Locale.ROOT,
                    "%s[%d/%d, %d:%02d min] %s%s",
                    ERASE,
                    finished + 1,
                    total,
                    elapsed.toMinutes(),
                    elapsed.toSecondsPart(),
                    current,
                    detail);
            err.flush();
        }
    }

    /** One measurement is done. */
    void done(Measurement measurement) {
        finished++;
        String figures = measurement.outcome().figures().stream()
                .map(figure -> figure.name() + " " + Numbers.text(figure.value()) + " " + figure.unit())
                .collect(Collectors.joining(", "));
        err.println((watched ? ERASE : "") + measurement.workload() + " | " + measurement.peer() + " | "
                + measurement.round() + " | " + figures);
    }
}
