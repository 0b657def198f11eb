package dev.kvdb.cli.bench;

import java.util.Locale;

/** What a call does. */
public enum Operation {
    GET,
    SET,
    REMOVE;

    /** Its name in options and results. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
