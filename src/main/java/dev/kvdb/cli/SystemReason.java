package dev.kvdb.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What the operating system said, without the file's name, which Java's messages sometimes consist of alone. */
final class SystemReason {

    private SystemReason() {}

    static String of(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof NoSuchFileException) {
            return "there is no such file or directory";
        }
        if (e instanceof FileSystemException named && named.getReason() != null) {
            return named.getReason();
        }
        return String.valueOf(e.getMessage());
    }
}
