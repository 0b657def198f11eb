package dev.kvdb.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Runs command lines inside this process. Not safe for use by several threads. */
final class CommandRun {

    private final Map<String, String> environment = new HashMap<>();
    private byte[] input = {};
    private boolean outIsTerminal;
    private boolean outIsBroken;

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

    CommandRun outIsBroken() {
        outIsBroken = true;
        return this;
    }

    Outcome run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(input),
                outIsBroken ? new BrokenStream() : out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                outIsTerminal,
                false,
                environment::get);
        int exitCode = new CommandLineProgram(terminal).run(args);
        return new Outcome(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }

    private static final class BrokenStream extends OutputStream {

        @Override
        public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
        }
    }
}
