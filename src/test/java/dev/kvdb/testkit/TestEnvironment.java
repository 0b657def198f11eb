package dev.kvdb.testkit;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/** Makes environments in which nothing depends on the machine or the day. */
public final class TestEnvironment {

    private static final AtomicLong THREADS = new AtomicLong();

    private TestEnvironment() {}

    /** These files, a clock that stands still, randomness from the seed, daemon threads. */
    public static Environment of(FileSystem files, long seed) {
        return of(files, new ManualClock(), seed);
    }

    /** These files, this clock, randomness from the seed, daemon threads. */
    public static Environment of(FileSystem files, Clock clock, long seed) {
        ThreadFactory daemons = task -> {
            Thread thread = new Thread(task, "kvdb-test-" + THREADS.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
        return new Environment(files, clock, new SplittableRandom(seed), daemons);
    }
}
