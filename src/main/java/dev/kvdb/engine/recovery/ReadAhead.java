package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Small reads of a file that somebody else owns, one behind the other: each read of the file brings in what the next
 * ones ask for. Belongs to one thread, changes nothing, and is for what nobody changes meanwhile.
 */
final class ReadAhead implements StoreFile {

    private static final int WINDOW_BYTES = 256 * 1024;

    private final StoreFile file;
    private final ByteBuffer window;
    private long windowStart;

    ReadAhead(StoreFile file) throws IOException {
        this.file = file;
        this.window =
                ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, file.size())).limit(0);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int bytes = target.remaining();
        if (bytes > window.capacity()) {
            return file.read(target, position);
        }
        if (position < windowStart || position + bytes > windowStart + window.limit()) {
            fill(position);
        }
        int at = (int) (position - windowStart);
        int there = Math.min(bytes, window.limit() - at);
        target.put(window.slice(at, there));
        return there;
    }

    /** Where the read fails, the window is empty. */
    private void fill(long position) throws IOException {
        ByteBuffer target = window.duplicate().clear();
        window.limit(0);
        file.read(target, position);
        windowStart = position;
        window.limit(target.position());
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void write(ByteBuffer source, long position) {
        throw new UnsupportedOperationException("only for reading");
    }

    @Override
    public void truncate(long size) {
        throw new UnsupportedOperationException("only for reading");
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("only for reading");
    }

    /** The owner closes it. */
    @Override
    public void close() {}
}
