package dev.kvdb.engine.log;

import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.env.SyncNotBegunException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The directory that holds a store's files, with the buffers that they are read into, and the count of bytes written to
 * them. Safe for use by several threads.
 */
public final class StoreDirectory {

    private static final int COPY_BYTES = 256 * 1024;

    private final FileSystem files;
    private final Path path;
    private final ReadBuffers readBuffers = new ReadBuffers();
    private final LongAdder bytesWritten = new LongAdder();
    private @Nullable SyncFailedException syncFailure;

    /**
     * @param files where the directory is
     * @param path the directory; it exists
     */
    public StoreDirectory(FileSystem files, Path path) {
        this.files = files;
        this.path = path;
    }

    /** The file system. */
    public FileSystem files() {
        return files;
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /** A file in the directory. */
    public Path file(String name) {
        return path.resolve(name);
    }

    /** What records of the files are read into. */
    ReadBuffers readBuffers() {
        return readBuffers;
    }

    /** Bytes written to files of any kind since the store was opened. */
    public long bytesWritten() {
        return bytesWritten.sum();
    }

    /** Bytes that anyone may still write to the file system. */
    public long usableBytes() throws IOException {
        return files.usableBytes(path);
    }

    /** Bytes that this process may still write to it, as far as is known. */
    public long writableBytes() throws IOException {
        return files.writableBytes(path);
    }

    /** Writes all of {@code source}, and counts its bytes. */
    public void write(StoreFile file, ByteBuffer source, long position) throws IOException {
        int bytes = source.remaining();
        file.write(source, position);
        bytesWritten.add(bytes);
    }

    /**
     * Makes created, renamed and deleted files durable. Once that failed it fails for good: the system tells of a lost
     * entry once, to whichever thread asks first, and another thread's sync would take what was lost for durable.
     *
     * @throws SyncFailedException where what is on disk is unknown now, or is so since an earlier sync
     * @throws SyncNotBegunException where it is as unknown as before
     */
    public synchronized void sync() throws IOException {
        if (syncFailure != null) {
            throw syncFailure;
        }
        try {
            files.syncDirectory(path);
        } catch (SyncNotBegunException e) {
            throw e;
        } catch (IOException e) {
            syncFailure = new SyncFailedException(path.toString(), e);
            throw syncFailure;
        }
    }

    /** Makes what was written to a file durable. */
    public void sync(StoreFile file, String name) throws SyncFailedException {
        try {
            file.sync();
        } catch (IOException e) {
            throw new SyncFailedException(file(name).toString(), e);
        }
    }

    /** Gives a finished temporary file its name, in the place of any file that has it. Durable on return. */
    public void publish(String name) throws IOException {
        files.rename(file(StoreFileNames.temporary(name)), file(name));
        sync();
    }

    /** The whole of a small file, from position 0 to the limit. */
    public ByteBuffer read(String name, int bytesMax) throws IOException {
        try (StoreFile file = files.openForReading(file(name))) {
            ByteBuffer target = ByteBuffer.allocate((int) Math.min(bytesMax, file.size()));
            file.read(target, 0);
            return target.flip();
        }
    }

    /**
     * Reads all of a file, to tell one that is damaged from one that the operating system does not give back.
     *
     * @throws IOException where it does not
     */
    public void requireReadable(String name) throws IOException {
        try (StoreFile file = files.openForReading(file(name))) {
            ByteBuffer target = ByteBuffer.allocate(COPY_BYTES);
            for (long position = 0; file.read(target.clear(), position) > 0; position += target.position()) {}
        }
    }

    /** Replaces a file by a new one as a whole: a crash leaves the old or the new one. Durable on return. */
    public void replace(String name, ByteBuffer contents) throws IOException {
        writeTemporary(name, contents);
        publish(name);
    }

    /** Writes and syncs the temporary file that is to replace {@code name}. */
    public void writeTemporary(String name, ByteBuffer contents) throws IOException {
        Path temporary = file(StoreFileNames.temporary(name));
        deleteIfExists(StoreFileNames.temporary(name));
        try (StoreFile file = files.create(temporary)) {
            write(file, contents, 0);
            sync(file, name);
        }
    }

    /**
     * Refuses what would need more space than there is.
     *
     * @param what for the message
     * @throws NoSpaceException where fewer than {@code bytes} may still be written
     */
    public void requireSpace(long bytes, String what) throws IOException {
        long leftBytes = writableBytes();
        if (leftBytes < bytes) {
            throw new NoSpaceException(
                    what + " needs " + bytes + " bytes of disk space, and " + leftBytes + " are left");
        }
    }

    /**
     * Deletes an unfinished file, after a failure that must not be lost for another one; an open deletes what is left.
     */
    public void discard(String name, Throwable failure) {
        try {
            deleteIfExists(name);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Deletes a file; does nothing where it does not exist. Not durable before a {@link #sync}. */
    public void deleteIfExists(String name) throws IOException {
        if (files.exists(file(name))) {
            files.delete(file(name));
        }
    }
}
