package dev.kvdb.engine.log;

import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.env.SyncNotBegunException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;

/**
 * The directory that holds a store's files, and the count of bytes written to them. Safe for use by several threads.
 */
public final class StoreDirectory {

    private final FileSystem files;
    private final Path path;
    private final LongAdder bytesWritten = new LongAdder();

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

    /** Bytes written to files of any kind since the store was opened. */
    public long bytesWritten() {
        return bytesWritten.sum();
    }

    /** Writes all of {@code source}, and counts its bytes. */
    public void write(StoreFile file, ByteBuffer source, long position) throws IOException {
        int bytes = source.remaining();
        file.write(source, position);
        bytesWritten.add(bytes);
    }

    /**
     * Makes created, renamed and deleted files durable.
     *
     * @throws SyncFailedException where what is on disk is unknown now
     * @throws SyncNotBegunException where it is as unknown as before
     */
    public void sync() throws IOException {
        try {
            files.syncDirectory(path);
        } catch (SyncNotBegunException e) {
            throw e;
        } catch (IOException e) {
            throw new SyncFailedException(path.toString(), e);
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
     * Deletes an unfinished file, after a failure that must not be lost for another one; an open deletes what is left.
     */
    void discard(String name, IOException failure) {
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
