package dev.kvdb.testkit;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What is logged under a name, without stack traces, until it is closed: what a person would see by default, also where
 * another test of this virtual machine silenced a logger above.
 */
public final class LoggedLines extends Handler implements AutoCloseable {

    public final Queue<String> lines = new ConcurrentLinkedQueue<>();

    private final Logger logger;
    private final @Nullable Level levelBefore;

    public LoggedLines(String loggerName) {
        logger = Logger.getLogger(loggerName);
        levelBefore = logger.getLevel();
        logger.setLevel(Level.INFO);
        logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord line) {
        lines.add(
                line instanceof org.jboss.logmanager.ExtLogRecord extended
                        ? extended.getFormattedMessage()
                        : line.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setLevel(levelBefore);
    }
}
