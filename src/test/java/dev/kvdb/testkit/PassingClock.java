package dev.kvdb.testkit;

import dev.kvdb.engine.env.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * A manual clock on which waiting passes the time for the thread that made it, and for garbage collections: a paced one
 * takes as long on the clock as it should, and no time in the test. Other threads wait as on a {@link ManualClock}.
 */
public final class PassingClock implements Clock {

    /** The name of the threads in which stores collect garbage. */
    public static final String COLLECTOR = "kvdb-collector";

    private final ManualClock clock = new ManualClock();
    private final Thread owner = Thread.currentThread();

    /** Lets time pass. */
    public void advance(Duration duration) {
        clock.advance(duration);
    }

    /** Sets the wall clock forward or back while no time passes. */
    public void jump(Duration duration) {
        clock.jump(duration);
    }

    @Override
    public Instant now() {
        return clock.now();
    }

    @Override
    public long nanoTime() {
        return clock.nanoTime();
    }

    @Override
    public void parkNanos(long nanos) {
        Thread current = Thread.currentThread();
        if (current == owner || current.getName().equals(COLLECTOR)) {
            clock.advance(Duration.ofNanos(nanos));
        } else {
            clock.parkNanos(nanos);
        }
    }
}
