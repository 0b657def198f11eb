package dev.kvdb.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** A standard output whose reader may go away, which ends the command without a message. */
final class PipeOutputStream extends FilterOutputStream {

    PipeOutputStream(OutputStream out) {
        super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw new BrokenPipeException(e);
        }
    }
}
