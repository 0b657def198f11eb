package dev.kvdb.engine.env;

import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/** The operating system's clocks. */
final class SystemClock implements Clock {

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public void parkNanos(long nanos) {
        LockSupport.parkNanos(this, nanos);
    }
}
