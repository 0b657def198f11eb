package dev.kvdb.engine.error;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** What the operating system said, in words: Java's messages are sometimes a file's name alone, or a class's. */
public final class SystemReason {

    private static final String NO_DESCRIPTOR = "Too many open files";

    private SystemReason() {}

    /** The reason without the file's name, for a message that has it. */
    public static String of(Throwable cause) {
        if (cause instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (cause instanceof NoSuchFileException) {
            return "there is no such file or directory";
        }
        if (cause instanceof FileAlreadyExistsException) {
            return "there is a file of that name";
        }
        if (cause instanceof FileSystemException named && named.getReason() != null) {
            return named.getReason().startsWith(NO_DESCRIPTOR)
                    ? named.getReason() + "; raise the limit on open files (ulimit -n)"
                    : named.getReason();
        }
        @Nullable String message = cause instanceof IOException ? cause.getMessage() : null;
        return message == null ? cause.toString() : message;
    }

    /** The reason, after the file's name where that is another one than the message has. */
    static String beside(String file, Throwable cause) {
        boolean another = cause instanceof FileSystemException named
                && named.getFile() != null
                && !named.getFile().equals(file);
        return another ? ((FileSystemException) cause).getFile() + ": " + of(cause) : of(cause);
    }
}
