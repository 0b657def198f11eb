package dev.kvdb.cli;

import java.io.IOException;

/** The reader of the standard output went away. Not worth a message. */
final class BrokenPipeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BrokenPipeException(IOException cause) {
        super(cause);
    }
}
