package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads a bare log: the entries of the original, unframed format, back to back, in either byte order.
 *
 * <pre>
 * offset  bytes  field
 *      0      1  op: 0 = set, 1 = remove
 *      1      8  key, signed
 *      9      8  size of the value, set only
 *     17   size  value, set only
 * </pre>
 *
 * <p>The format has no checksum, so all that can be found is an op that is neither 0 nor 1, and a size or an end that
 * does not fit the file's length. A size is compared with what is left of the file before anything is allocated. Memory
 * is bounded by the largest value.
 *
 * <p>Not safe for use by several threads. The stream stays the caller's, and should be buffered.
 */
public final class BareLogReader {

    /** A set's op. */
    static final int OP_SET = 0;
    /** A remove's op. */
    static final int OP_REMOVE = 1;
    /** The op alone. */
    static final int OP_BYTES = 1;
    /** A key, and a size. */
    static final int INTEGER_BYTES = 8;

    private static final int VALUE_BYTES_MAX = Integer.MAX_VALUE - 8;

    private final InputStream in;
    private final String file;
    private final long fileBytes;
    private final ByteBuffer integer;
    private long position;

    /**
     * @param in the file's bytes from its start
     * @param file the file's name, for errors
     * @param fileBytes the file's length
     * @param order the byte order of keys and sizes
     */
    public BareLogReader(InputStream in, String file, long fileBytes, ByteOrder order) {
        this.in = in;
        this.file = file;
        this.fileBytes = fileBytes;
        this.integer = ByteBuffer.allocate(INTEGER_BYTES).order(order);
    }

    /**
     * Reads a whole log, skipping over the values.
     *
     * @throws DamageException where it does not end with a complete entry, or holds something else
     */
    public static BareLogSummary summarize(InputStream in, String file, long fileBytes, ByteOrder order)
            throws IOException {
        BareLogReader reader = new BareLogReader(in, file, fileBytes, order);
        long sets = 0;
        long removes = 0;
        long largest = 0;
        long largestOffset = 0;
        while (!reader.atEnd()) {
            long start = reader.position;
            if (reader.readOp() == OP_REMOVE) {
                reader.readInteger("key");
                removes++;
                continue;
            }
            reader.readInteger("key");
            long size = reader.readSize();
            reader.skip(size);
            sets++;
            if (size > largest) {
                largest = size;
                largestOffset = start;
            }
        }
        return new BareLogSummary(sets, removes, largest, largestOffset);
    }

    /** Bytes read so far: where the next entry begins. */
    public long position() {
        return position;
    }

    /**
     * The next entry, or null at the end.
     *
     * @throws DamageException where there is no complete entry
     */
    public @Nullable BareLogEntry next() throws IOException {
        if (atEnd()) {
            return null;
        }
        int op = readOp();
        long key = readInteger("key");
        if (op == OP_REMOVE) {
            return new BareLogEntry(key, null);
        }
        long sizeOffset = position;
        long size = readSize();
        if (size > VALUE_BYTES_MAX) {
            throw damage(sizeOffset, "a value of at most " + VALUE_BYTES_MAX + " bytes", "size " + size);
        }
        byte[] value = in.readNBytes((int) size);
        if (value.length < size) {
            throw shorter(position + value.length);
        }
        position += size;
        return new BareLogEntry(key, value);
    }

    private boolean atEnd() {
        return position == fileBytes;
    }

    private int readOp() throws IOException {
        int op = in.read();
        if (op < 0) {
            throw shorter(position);
        }
        if (op != OP_SET && op != OP_REMOVE) {
            throw damage(position, "op 0 or 1", "op " + op);
        }
        position += OP_BYTES;
        return op;
    }

    private long readInteger(String what) throws IOException {
        long left = fileBytes - position;
        if (left < INTEGER_BYTES) {
            throw damage(position, INTEGER_BYTES + " bytes of " + what, "the end of the file after " + left);
        }
        if (in.readNBytes(integer.array(), 0, INTEGER_BYTES) < INTEGER_BYTES) {
            throw shorter(position);
        }
        position += INTEGER_BYTES;
        return integer.getLong(0);
    }

    private long readSize() throws IOException {
        long offset = position;
        long size = readInteger("size");
        long left = fileBytes - position;
        if (size < 0 || size > left) {
            throw damage(offset, "a size of at most the " + left + " bytes that are left", "size " + size);
        }
        return size;
    }

    private void skip(long bytes) throws IOException {
        try {
            in.skipNBytes(bytes);
        } catch (EOFException e) {
            throw shorter(position);
        }
        position += bytes;
    }

    private DamageException shorter(long offset) {
        return damage(offset, "a file of " + fileBytes + " bytes", "its end; it has become shorter");
    }

    private DamageException damage(long offset, String expected, String found) {
        return new DamageException(file, offset, expected, found);
    }
}
