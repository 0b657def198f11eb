package dev.kvdb.cli;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Turns off what libraries log: a command reports a failure itself, in a line of its own. */
final class QuietLogging {

    /** Held, because a logger that nobody holds forgets its level. */
    private static final Logger ROOT = Logger.getLogger("");

    private QuietLogging() {}

    static void start() {
        ROOT.setLevel(Level.OFF);
    }
}
