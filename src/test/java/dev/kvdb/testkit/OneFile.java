package dev.kvdb.testkit;

import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system whose every name is the same file, which cannot be changed: all that a decoder needs, made anew for
 * each input at the cost of an object. Reads that begin before the file, or reach past a limit where there is one, are
 * errors of whoever reads. For one thread.
 */
public final class OneFile implements FileSystem {

    private final byte[] bytes;
    private final long readableTo;
    private int open;

    /** A file that may be read past its end, as files may. */
    public OneFile(byte[] bytes) {
        this(bytes, Long.MAX_VALUE);
    }

    /** A file of which nothing may be asked for at or past an offset. */
    public OneFile(byte[] bytes, long readableTo) {
        this.bytes = bytes;
        this.readableTo = readableTo;
    }

    /** How often the file is open. */
    public int open() {
        return open;
    }

    /** Opens the file. */
    public StoreFile file() {
        open++;
        return new Handle();
    }

    @Override
    public StoreFile openForReading(Path file) {
        return file();
    }

    @Override
    public boolean exists(Path file) {
        return true;
    }

    @Override
    public long size(Path file) {
        return bytes.length;
    }

    @Override
    public long usableBytes(Path directory) {
        return Long.MAX_VALUE;
    }

    @Override
    public long writableBytes(Path directory) {
        return Long.MAX_VALUE;
    }

    @Override
    public void createDirectories(Path directory) {
        throw changed();
    }

    @Override
    public List<String> list(Path directory) {
        throw changed();
    }

    @Override
    public StoreFile create(Path file) {
        throw changed();
    }

    @Override
    public void rename(Path from, Path to) {
        throw changed();
    }

    @Override
    public void delete(Path file) {
        throw changed();
    }

    @Override
    public void syncDirectory(Path directory) {
        throw changed();
    }

    @Override
    public DirectoryLock lock(Path file, String owner) {
        throw changed();
    }

    @Override
    public DirectoryLock lockUnchanged(Path file) {
        throw changed();
    }

    private static AssertionError changed() {
        return new AssertionError("a decoder does nothing but read one file");
    }

    private final class Handle implements StoreFile {

        private boolean closed;

        @Override
        public int read(ByteBuffer target, long position) {
            if (closed || position < 0 || position > readableTo - target.remaining()) {
                throw new AssertionError(target.remaining() + " bytes are read at " + position + ", up to " + readableTo
                        + (closed ? ", after the close" : ""));
            }
            int count = (int) Math.max(0, Math.min(target.remaining(), bytes.length - position));
            if (count > 0) {
                target.put(bytes, (int) position, count);
            }
            return count;
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public void write(ByteBuffer source, long position) {
            throw changed();
        }

        @Override
        public void truncate(long size) {
            throw changed();
        }

        @Override
        public void sync() {
            throw changed();
        }

        @Override
        public void close() {
            open -= closed ? 0 : 1;
            closed = true;
        }
    }
}
