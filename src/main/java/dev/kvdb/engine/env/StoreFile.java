package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One open file. Reads are positional and may run in several threads, beside one writer.
 *
 * <p>An interrupt of a reading or writing thread never closes the file under others: the operation is carried out and
 * the thread's interrupt status is kept. A sync that an interrupt broke is reported as a failed sync.
 */
public interface StoreFile extends AutoCloseable {

    /**
     * Reads until {@code target} is full or the file ends.
     *
     * @return bytes read, 0 at or past the end
     */
    int read(ByteBuffer target, long position) throws IOException;

    /**
     * Writes all of {@code source} at the position, which may be past the end. On failure any part may have been
     * written.
     */
    void write(ByteBuffer source, long position) throws IOException;

    /** Cuts the file to {@code size} bytes; does nothing where it is not longer. */
    void truncate(long size) throws IOException;

    /** Makes the file's contents and size durable ({@code fdatasync}). */
    void sync() throws IOException;

    /** Bytes in the file. */
    long size() throws IOException;

    @Override
    void close() throws IOException;
}
