package dev.kvdb.engine.env;

import java.time.Instant;

/** Time and waiting. Nothing in the engine's correctness depends on it. */
public interface Clock {

    /** Wall-clock time; may jump either way. */
    Instant now();

    /** A monotonic reading in nanoseconds, of no particular origin. */
    long nanoTime();

    /**
     * Waits about {@code nanos} nanoseconds, or less when the calling thread is unparked or interrupted; callers loop
     * on a condition of their own.
     */
    void parkNanos(long nanos);
}
