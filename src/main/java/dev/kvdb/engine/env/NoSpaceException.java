package dev.kvdb.engine.env;

import java.io.IOException;

/** The file system or a quota has no space left. */
public final class NoSpaceException extends IOException {

    private static final long serialVersionUID = 1L;

    /** @param cause what the operating system said */
    public NoSpaceException(String message, Throwable cause) {
        super(message, cause);
    }

    /** @param message what was tried */
    public NoSpaceException(String message) {
        super(message);
    }
}
