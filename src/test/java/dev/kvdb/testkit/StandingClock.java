package dev.kvdb.testkit;

import dev.kvdb.engine.env.Clock;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/**
 * A clock that stands still: whoever waits on it waits until it is woken, as on a real clock for a very long time. So a
 * wake-up that is lost is a test that hangs, and a store that waits costs nothing.
 */
public final class StandingClock implements Clock {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @Override
    public Instant now() {
        return NOW;
    }

    @Override
    public long nanoTime() {
        return 0;
    }

    @Override
    public void parkNanos(long nanos) {
        LockSupport.park(this);
    }
}
