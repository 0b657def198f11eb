package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Bounds the log where writers outrun the collection of garbage: a new segment waits until the collection has caught up
 * or has nothing more to give, and a second at most for each 64 MiB that it may hold. Where a collection, or any other
 * work, waits for the committer, it does not wait, so that the two never wait for each other.
 *
 * <p>Belongs to the committer thread.
 */
final class WriteBrake {

    /** However far the collection is behind, writes go on at so many bytes a second. */
    private static final long BYTES_PER_SECOND_MIN = 64L * 1024 * 1024;

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Clock clock;
    private final long waitNanosMax;
    private final BooleanSupplier mustWait;

    /**
     * @param segmentBytesMax what a segment may hold
     * @param mustWait whether the collection is behind, at work, and not waiting for the committer
     */
    WriteBrake(Clock clock, int segmentBytesMax, BooleanSupplier mustWait) {
        this.clock = clock;
        this.waitNanosMax = Math.min(
                TimeUnit.SECONDS.toNanos(1), segmentBytesMax * TimeUnit.SECONDS.toNanos(1) / BYTES_PER_SECOND_MIN);
        this.mustWait = mustWait;
    }

    /** Waits as long as that is needed, and not too long. */
    void hold() {
        long start = clock.nanoTime();
        while (mustWait.getAsBoolean() && clock.nanoTime() - start < waitNanosMax) {
            clock.parkNanos(LOOK_NANOS);
        }
    }
}
