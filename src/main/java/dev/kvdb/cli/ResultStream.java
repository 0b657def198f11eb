package dev.kvdb.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;

/**
 * The standard output, which fails as a command does: without a message where its reader went away, with one where the
 * result could not be written. Unbuffered, as the stream that it wraps.
 */
final class ResultStream extends FilterOutputStream {

    ResultStream(OutputStream out) {
        super(out);
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Java tells a broken pipe from a full disk by the system's message only. */
    private static RuntimeException failure(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.toLowerCase(Locale.ROOT).contains("broken pipe")
                ? new BrokenPipeException(e)
                : new CommandFailure(ExitCode.FAILED, "cannot write to the standard output: " + message);
    }
}
