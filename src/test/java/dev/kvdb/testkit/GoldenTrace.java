package dev.kvdb.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A trace of file operations that is checked in, so that a missing sync shows in review. With the system property
 * {@code kvdb.traces.write} traces are written to the sources instead of compared.
 */
public final class GoldenTrace {

    /** The system property that has traces written anew. */
    public static final String PROPERTY = "kvdb.traces.write";

    private static final Path SOURCES = Path.of("src/test/resources/traces");

    private GoldenTrace() {}

    /**
     * Compares a trace with {@code traces/NAME.trace}.
     *
     * @throws AssertionError where they differ
     */
    public static void check(String name, String trace) {
        String actual = trace + "\n";
        if (System.getProperty(PROPERTY) != null) {
            write(name, actual);
            return;
        }
        String expected = read(name);
        if (!expected.equals(actual)) {
            throw new AssertionError("the file operations of '" + name + "' have changed; where that is right, write"
                    + " them anew with -D" + PROPERTY + "=true\nexpected:\n" + expected + "\nactual:\n" + actual);
        }
    }

    private static String read(String name) {
        try (InputStream file = GoldenTrace.class.getResourceAsStream("/traces/" + name + ".trace")) {
            return file == null ? "" : new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(String name, String trace) {
        try {
            Files.createDirectories(SOURCES);
            Files.writeString(SOURCES.resolve(name + ".trace"), trace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
