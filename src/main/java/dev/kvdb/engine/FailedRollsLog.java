package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Tells the operator that the log cannot go on to another segment, while the store stays writable: of the first failure
 * at once, then in one line a minute at most how many there were, since clients may try again as often as they like.
 *
 * <p>Belongs to one thread.
 */
final class FailedRollsLog {

    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Clock clock;
    private final Consumer<String> told;

    private boolean quiet;
    private long quietSinceNanos;
    private long failures;
    private String lastReason = "";

    /**
     * @param clock tells when the next line is due
     * @param told each line
     */
    FailedRollsLog(Clock clock, Consumer<String> told) {
        this.clock = clock;
        this.told = told;
    }

    /** A roll or a seal failed, and with it the write that needed it; the next may succeed. */
    void failed(String reason) {
        failures++;
        lastReason = reason;
        tellWhatIsDue();
    }

    /** Tells of what was held back, where that is due; to be called from time to time. */
    void tellWhatIsDue() {
        long now = clock.nanoTime();
        if (quiet && now - quietSinceNanos < QUIET_NANOS) {
            return;
        }
        boolean first = !quiet;
        quiet = failures > 0;
        if (quiet) {
            told.accept(
                    first
                            ? "the log cannot go on to another segment; writes that need one fail, each tries again: "
                                    + lastReason
                            : failures + " more times the log could not go on to another segment, the last time: "
                                    + lastReason);
            quietSinceNanos = now;
            failures = 0;
        }
    }
}
