package dev.kvdb.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a command sees of the world outside it.
 *
 * @param in the standard input
 * @param out the standard output, for results
 * @param err the standard error, for messages
 * @param outIsTerminal whether a person reads the standard output
 * @param errIsTerminal whether a person reads the standard error
 * @param environment values of environment variables, null where one is not set
 */
record Terminal(
        InputStream in,
        ResultStream out,
        PrintStream err,
        boolean outIsTerminal,
        boolean errIsTerminal,
        Environment environment) {

    private static final int CONSOLE_IS_ALWAYS_THERE = 22;

    /** Values of environment variables. */
    interface Environment {

        /** The variable's value, or null where it is not set. */
        @Nullable
        String get(String name);
    }

    /** The process's own streams and environment. */
    static Terminal ofProcess() {
        // Not System.out: a PrintStream hides that it could not write.
        ResultStream out = new ResultStream(new FileOutputStream(FileDescriptor.out));
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        return new Terminal(
                new FileInputStream(FileDescriptor.in),
                out,
                err,
                isTerminal("dev.kvdb.cli.stdout-terminal"),
                isTerminal("dev.kvdb.cli.stderr-terminal"),
                System::getenv);
    }

    /**
     * The launcher knows for each stream. Java by itself knows about input and output together, and from 22 on not even
     * that.
     */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal(String property) {
        String told = System.getProperty(property);
        if (told != null) {
            return Boolean.parseBoolean(told);
        }
        return Runtime.version().feature() < CONSOLE_IS_ALWAYS_THERE && System.console() != null;
    }

    /** Writes bytes to the standard output as they are. */
    void print(byte[] bytes) {
        out.write(bytes, 0, bytes.length);
        out.flush();
    }

    /** Writes text and a line end to the standard output. */
    void printLine(String text) {
        print((text + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a line of text to the standard error. */
    void message(String text) {
        err.println("kvdb: " + text);
        err.flush();
    }
}
