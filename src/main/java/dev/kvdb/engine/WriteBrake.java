package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Bounds the log where writers outrun the collection of garbage: a new segment waits until the collection has caught up
 * or has nothing more to give, and a second at most. Where a collection, or any other work, waits for the committer, it
 * does not wait, so that the two never wait for each other.
 *
 * <p>Belongs to the committer thread.
 */
final class WriteBrake {

    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Clock clock;
    private final BooleanSupplier mustWait;

    /** @param mustWait whether the collection is behind, at work, and not waiting for the committer */
    WriteBrake(Clock clock, BooleanSupplier mustWait) {
        this.clock = clock;
        this.mustWait = mustWait;
    }

    /** Waits as long as that is needed, and not too long. */
    void hold() {
        long start = clock.nanoTime();
        while (mustWait.getAsBoolean() && clock.nanoTime() - start < WAIT_NANOS_MAX) {
            clock.parkNanos(LOOK_NANOS);
        }
    }
}
