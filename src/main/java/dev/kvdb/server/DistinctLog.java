package dev.kvdb.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;

/**
 * Logs each distinct failure once, so that one that recurs each second or each call does not bury the rest. Remembers a
 * bounded number of them and is silent beyond. Safe for use by several threads.
 */
public final class DistinctLog {

    private static final int MESSAGES_MAX = 1_000;

    private final Logger logger;
    private final Executor executor;
    private final Map<String, Boolean> seen = new ConcurrentHashMap<>();

    /** @param logger where to log */
    public DistinctLog(Logger logger) {
        this(logger, Runnable::run);
    }

    /**
     * @param logger where to log
     * @param executor what writes the lines, where a caller must not wait for that; gets a bounded number of them
     *     between two {@linkplain #reset resets}
     */
    public DistinctLog(Logger logger, Executor executor) {
        this.logger = logger;
        this.executor = executor;
    }

    /** Logs one line, unless the same line was logged before. */
    public void error(String line) {
        if (seen.size() < MESSAGES_MAX && seen.putIfAbsent(line, true) == null) {
            executor.execute(() -> logger.error(line));
        }
    }

    /** Logs with a stack trace, unless the same was logged before. */
    public void error(String line, Throwable failure) {
        if (seen.size() < MESSAGES_MAX && seen.putIfAbsent(line + failure, true) == null) {
            executor.execute(() -> logger.error(line, failure));
        }
    }

    /** Forgets what was logged: the cause is gone, and should it come back, that is news. */
    public void reset() {
        seen.clear();
    }
}
