package dev.kvdb.engine.log;

import java.io.IOException;

/** It is unknown whether the old manifest stands or the new one; nothing may be written to the store any more. */
public final class UncertainManifestException extends IOException {

    private static final long serialVersionUID = 1L;

    UncertainManifestException(String file, Throwable cause) {
        super("replacing " + file + " failed: " + (cause instanceof IOException ? cause.getMessage() : cause), cause);
    }
}
