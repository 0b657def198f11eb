package dev.kvdb.engine.env;

import java.security.SecureRandom;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/** Builds the environment that a store has outside of tests. */
final class SystemEnvironment {

    private SystemEnvironment() {}

    static Environment create() {
        return new Environment(new DiskFileSystem(), new SystemClock(), new SecureRandom(), daemonThreads());
    }

    /**
     * Daemons, so that a program which forgot to close its store can still end: what was acknowledged is durable
     * anyway.
     */
    private static ThreadFactory daemonThreads() {
        AtomicLong count = new AtomicLong();
        return task -> {
            Thread thread = new Thread(task, "kvdb-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
