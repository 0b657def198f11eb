package dev.kvdb.cli;

import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Appends to a new {@link StoreFile}, which it owns. Unbuffered; for use by one thread. */
final class StoreFileOutputStream extends OutputStream {

    private final StoreFile file;
    private long position;

    StoreFileOutputStream(StoreFile file) {
        this.file = file;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(ByteBuffer.wrap(bytes, offset, length), position);
        position += length;
    }

    /** Makes what was written durable. */
    void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
