package dev.kvdb.testkit;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadFactory;

/** Makes environments in which nothing depends on the machine or the day. */
public final class TestEnvironment {

    private static final ThreadFactory THREADS = new ReusedThreads();

    private TestEnvironment() {}

    /** These files, a clock that stands still, randomness from the seed, daemon threads. */
    public static Environment of(FileSystem files, long seed) {
        return of(files, new ManualClock(), seed);
    }

    /** These files, this clock, randomness from the seed, daemon threads. */
    public static Environment of(FileSystem files, Clock clock, long seed) {
        return new Environment(files, clock, new SplittableRandom(seed), THREADS);
    }
}
