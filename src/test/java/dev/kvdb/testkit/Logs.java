package dev.kvdb.testkit;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Keeps what the tested code logs out of the way of tests that break it thousands of times. */
public final class Logs {

    private static final Logger ENGINE = Logger.getLogger("dev.kvdb.engine");

    private Logs() {}

    /** Nothing below the engine logs any more, in this virtual machine. */
    public static void silenceEngine() {
        ENGINE.setLevel(Level.OFF);
    }
}
