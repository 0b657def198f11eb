package dev.kvdb.engine.env;

import dev.kvdb.engine.error.SystemReason;
import java.io.IOException;
import java.nio.file.Path;

/** A sync that was not even begun, so that it says nothing about what is on disk: it may be tried again. */
public final class SyncNotBegunException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * @param directory what was to be synced
     * @param cause what the operating system said
     */
    public SyncNotBegunException(Path directory, IOException cause) {
        super("cannot open " + directory + " to sync it: " + SystemReason.of(cause), cause);
    }
}
