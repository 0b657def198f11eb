package dev.kvdb.engine.log;

import java.io.IOException;

/** A sync failed: what is on disk is unknown, and a later sync that succeeds says nothing about it. */
public final class SyncFailedException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * @param file what was to be synced
     * @param cause what the operating system said
     */
    SyncFailedException(String file, IOException cause) {
        super("sync of " + file + " failed: " + cause.getMessage(), cause);
    }
}
