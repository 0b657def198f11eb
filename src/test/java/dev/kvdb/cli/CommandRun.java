package dev.kvdb.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs command lines inside this process. Not safe for use by several threads. */
final class CommandRun {

    private final Map<String, String> environment = new HashMap<>();
    private byte[] input = {};
    private boolean outIsTerminal;
    private @Nullable String outFailure;

    /** What a run left behind. */
    record Outcome(int exitCode, byte[] out, String err) {

        String text() {
            return new String(out, StandardCharsets.UTF_8);
        }
    }

    CommandRun environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    CommandRun input(byte[] bytes) {
        input = bytes.clone();
        return this;
    }

    CommandRun outIsTerminal() {
        outIsTerminal = true;
        return this;
    }

    /** Each write to the standard output fails with this message of the system. */
    CommandRun outFailsWith(String message) {
        outFailure = message;
        return this;
    }

    Outcome run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(input),
                new ResultStream(outFailure == null ? out : new FailingStream(outFailure)),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                outIsTerminal,
                false,
                environment::get);
        int exitCode = new CommandLineProgram(terminal).run(args);
        return new Outcome(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }

    private static final class FailingStream extends OutputStream {

        private final String message;

        FailingStream(String message) {
            this.message = message;
        }

        @Override
        public void write(int b) throws IOException {
            throw new IOException(message);
        }
    }
}
