package dev.kvdb.testkit;

import dev.kvdb.engine.env.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that a test moves. Waiting on it never takes longer than a millisecond, so that loops see a moved clock soon.
 */
public final class ManualClock implements Clock {

    private static final long PARK_NANOS_MAX = 1_000_000;

    private final AtomicReference<Instant> now;
    private final AtomicLong nanoTime = new AtomicLong();

    /** A clock that begins at some round time. */
    public ManualClock() {
        this(Instant.parse("2026-01-01T00:00:00Z"));
    }

    /** @param start what {@link #now()} answers until the clock is moved */
    public ManualClock(Instant start) {
        this.now = new AtomicReference<>(start);
    }

    /** Lets time pass. */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time passes forward only: " + duration);
        }
        nanoTime.addAndGet(duration.toNanos());
        jump(duration);
    }

    /** Sets the wall clock forward or back while no time passes. */
    public void jump(Duration duration) {
        now.updateAndGet(instant -> instant.plus(duration));
    }

    @Override
    public Instant now() {
        return now.get();
    }

    @Override
    public long nanoTime() {
        return nanoTime.get();
    }

    @Override
    public void parkNanos(long nanos) {
        LockSupport.parkNanos(this, Math.min(nanos, PARK_NANOS_MAX));
    }
}
