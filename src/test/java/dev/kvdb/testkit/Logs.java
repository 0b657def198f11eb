package dev.kvdb.testkit;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Keeps what the tested code logs out of the way of tests that break it thousands of times, or listens to it. */
public final class Logs {

    private static final Logger ENGINE = Logger.getLogger("dev.kvdb.engine");

    private Logs() {}

    /** Nothing below the engine logs any more, in this virtual machine. */
    public static void silenceEngine() {
        ENGINE.setLevel(Level.OFF);
    }

    /** The lines that a class logs while something runs, silenced or not. */
    public static List<String> linesOf(Class<?> logging, Runnable something) {
        Logger logger = Logger.getLogger(logging.getName());
        List<String> lines = new CopyOnWriteArrayList<>();
        Handler listening = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getLevel() + ": " + line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Level before = logger.getLevel();
        logger.setLevel(Level.ALL);
        logger.addHandler(listening);
        try {
            something.run();
        } finally {
            logger.removeHandler(listening);
            logger.setLevel(before);
        }
        return lines;
    }
}
