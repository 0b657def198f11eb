package dev.kvdb.engine.log;

import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file system that knows how many bytes the files of one store's directory hold, all that kvdb writes there included:
 * segments, hints, the snapshot, the reserve, torn ends and unfinished files. The lock file and what others put there
 * is left out.
 *
 * <p>The directory's sizes are read once; from then on all changes come through here. Safe for use by several threads.
 */
public final class MeasuredFiles implements FileSystem {

    private final FileSystem delegate;
    private final Path directory;

    /** Guarded by itself, as are the sizes in it and the total. */
    private final Map<String, Size> sizes = new HashMap<>();

    private long totalBytes;

    /** How long a file is, under whatever name. */
    private static final class Size {
        private long bytes;
        private boolean deleted;
    }

    private MeasuredFiles(FileSystem delegate, Path directory) {
        this.delegate = delegate;
        this.directory = directory;
    }

    /** Measures the directory, whose lock the caller has. */
    public static MeasuredFiles of(FileSystem files, Path directory) throws IOException {
        MeasuredFiles measured = new MeasuredFiles(files, directory);
        for (String name : files.list(directory)) {
            if (StoreFileNames.isWrittenByStore(name)) {
                measured.resize(measured.put(name), files.size(directory.resolve(name)));
            }
        }
        return measured;
    }

    /** Bytes in the directory's files. */
    public long totalBytes() {
        synchronized (sizes) {
            return totalBytes;
        }
    }

    private Size put(String name) {
        synchronized (sizes) {
            Size size = new Size();
            forget(sizes.put(name, size));
            return size;
        }
    }

    private void forget(@Nullable Size size) {
        if (size != null) {
            size.deleted = true;
            totalBytes -= size.bytes;
        }
    }

    private void resize(Size size, long bytes) {
        synchronized (sizes) {
            if (!size.deleted) {
                totalBytes += bytes - size.bytes;
            }
            size.bytes = bytes;
        }
    }

    private boolean counts(Path file) {
        return directory.equals(file.getParent()) && StoreFileNames.isWrittenByStore(name(file));
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    @Override
    public StoreFile create(Path file) throws IOException {
        StoreFile created = delegate.create(file);
        return counts(file) ? new MeasuredFile(created, put(name(file))) : created;
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        delegate.rename(from, to);
        synchronized (sizes) {
            Size moved = sizes.remove(name(from));
            Size replaced = moved == null ? sizes.remove(name(to)) : sizes.put(name(to), moved);
            forget(replaced);
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        delegate.delete(file);
        synchronized (sizes) {
            forget(sizes.remove(name(file)));
        }
    }

    @Override
    public void createDirectories(Path path) throws IOException {
        delegate.createDirectories(path);
    }

    @Override
    public List<String> list(Path path) throws IOException {
        return delegate.list(path);
    }

    @Override
    public boolean exists(Path file) throws IOException {
        return delegate.exists(file);
    }

    @Override
    public long size(Path file) throws IOException {
        return delegate.size(file);
    }

    @Override
    public StoreFile openForReading(Path file) throws IOException {
        return delegate.openForReading(file);
    }

    @Override
    public void syncDirectory(Path path) throws IOException {
        delegate.syncDirectory(path);
    }

    @Override
    public long usableBytes(Path path) throws IOException {
        return delegate.usableBytes(path);
    }

    @Override
    public long writableBytes(Path path) throws IOException {
        return delegate.writableBytes(path);
    }

    @Override
    public DirectoryLock lock(Path file, String owner) throws IOException {
        return delegate.lock(file, owner);
    }

    @Override
    public DirectoryLock lockUnchanged(Path file) throws IOException {
        return delegate.lockUnchanged(file);
    }

    /** A file that was created here; what happens to its length is seen. */
    private final class MeasuredFile implements StoreFile {

        private final StoreFile file;
        private final Size size;

        MeasuredFile(StoreFile file, Size size) {
            this.file = file;
            this.size = size;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            long end = source.hasRemaining() ? position + source.remaining() : 0;
            try {
                file.write(source, position);
            } catch (IOException e) {
                resize(size, sizeAfterFailure(end, e));
                throw e;
            }
            resize(size, Math.max(size(size), end));
        }

        /** Any part may have been written; where the file does not tell, all of it. */
        private long sizeAfterFailure(long end, IOException failure) {
            try {
                return file.size();
            } catch (IOException e) {
                failure.addSuppressed(e);
                return Math.max(size(size), end);
            }
        }

        private long size(Size of) {
            synchronized (sizes) {
                return of.bytes;
            }
        }

        @Override
        public void truncate(long bytes) throws IOException {
            file.truncate(bytes);
            resize(size, Math.min(size(size), bytes));
        }

        @Override
        public void sync() throws IOException {
            file.sync();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
