package dev.kvdb.engine.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes a bare log, laid out as {@link BareLogReader} says.
 *
 * <p>Not safe for use by several threads. The stream stays the caller's, and should be buffered.
 */
public final class BareLogWriter {

    private final OutputStream out;
    private final ByteBuffer header;
    private long position;

    /**
     * @param out takes the file's bytes
     * @param order the byte order of keys and sizes
     */
    public BareLogWriter(OutputStream out, ByteOrder order) {
        this.out = out;
        this.header = ByteBuffer.allocate(BareLogReader.OP_BYTES + 2 * BareLogReader.INTEGER_BYTES)
                .order(order);
    }

    /** Appends an entry that sets a key's value. */
    public void writeSet(long key, byte[] value) throws IOException {
        header.clear().put((byte) BareLogReader.OP_SET).putLong(key).putLong(value.length);
        writeHeader();
        out.write(value);
        position += value.length;
    }

    /** Appends an entry that removes a key. */
    public void writeRemove(long key) throws IOException {
        header.clear().put((byte) BareLogReader.OP_REMOVE).putLong(key);
        writeHeader();
    }

    private void writeHeader() throws IOException {
        out.write(header.array(), 0, header.position());
        position += header.position();
    }

    /** Bytes written so far. */
    public long position() {
        return position;
    }
}
