package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Recognizes a full disk, an exhausted quota and a file at the process's size limit.
 *
 * <p>Java reports them by the system's message only, which is in the user's language. Linux's own wording for a full
 * disk is learnt from {@code /dev/full}, a device that answers each write with it.
 */
final class DiskFull {

    private static final Set<String> MESSAGES = Stream.concat(
                    Stream.of(
                            "No space left on device",
                            "Disk quota exceeded",
                            "File too large",
                            "There is not enough space on the disk"),
                    localMessage())
            .collect(Collectors.toUnmodifiableSet());

    private DiskFull() {}

    /** The failure itself, or a {@link NoSpaceException} caused by it where it says that the disk is full. */
    static IOException translate(IOException failure, String operation, Path file) {
        String message = failure.getMessage();
        if (failure instanceof NoSpaceException
                || message == null
                || MESSAGES.stream().noneMatch(message::contains)) {
            return failure;
        }
        return new NoSpaceException("cannot " + operation + " " + file + ": " + message, failure);
    }

    private static Stream<String> localMessage() {
        Path full = Path.of("/dev/full");
        if (!Files.exists(full)) {
            return Stream.empty();
        }
        try {
            Files.write(full, new byte[1], StandardOpenOption.WRITE);
            return Stream.empty();
        } catch (IOException e) {
            String message = e.getMessage();
            return message == null || message.contains(full.toString()) ? Stream.empty() : Stream.of(message);
        }
    }
}
