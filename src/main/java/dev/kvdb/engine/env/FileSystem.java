package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The file operations that the engine needs, and no others, so that a test can count, fail and forget each of them.
 *
 * <p>Durability is the caller's duty: new contents are durable after {@link StoreFile#sync()}, and a created, renamed
 * or deleted directory entry after {@link #syncDirectory(Path)}. A full disk is reported as {@link NoSpaceException}.
 */
public interface FileSystem {

    /**
     * Creates the directory and its missing parents. The new entries are durable on return. Does nothing where it
     * exists.
     */
    void createDirectories(Path directory) throws IOException;

    /** The names (not paths) of the regular files in the directory, sorted. */
    List<String> list(Path directory) throws IOException;

    /** Whether the file exists. */
    boolean exists(Path file) throws IOException;

    /** Bytes in an existing file. */
    long size(Path file) throws IOException;

    /** Creates a file that must not exist, open for reading and writing. */
    StoreFile create(Path file) throws IOException;

    /** Opens an existing file for reading only. */
    StoreFile openForReading(Path file) throws IOException;

    /** Renames atomically within one directory, replacing the target. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file that must exist. */
    void delete(Path file) throws IOException;

    /**
     * Makes the directory's entries durable.
     *
     * @throws SyncNotBegunException where the directory cannot be opened for that
     */
    void syncDirectory(Path directory) throws IOException;

    /** Bytes that anyone may still write to the file system that holds the directory, as it says. */
    long usableBytes(Path directory) throws IOException;

    /**
     * Bytes that this process may still write to that file system, as far as is known. More than the usable ones where
     * the file system keeps some back, for root most of the time, and has not refused them to this process.
     */
    long writableBytes(Path directory) throws IOException;

    /**
     * Takes the operating system's exclusive lock on the file, creating it where it is missing, and writes
     * {@code owner} into it. A lock that another process or another caller in this process holds is reported as
     * {@link dev.kvdb.engine.error.DirectoryLockedException} that quotes the owner found in the file, or says that
     * someone {@linkplain #lockUnchanged reads}; the file is then left as it was.
     *
     * @return releases the lock when closed; the file stays
     */
    DirectoryLock lock(Path file, String owner) throws IOException;

    /**
     * Takes a lock on an existing lock file that keeps {@link #lock} out, without a change to the file, which need not
     * be writable. A lock that somebody holds is reported as by {@link #lock}.
     *
     * @return releases the lock when closed
     * @throws java.nio.file.NoSuchFileException where there is no such file
     */
    DirectoryLock lockUnchanged(Path file) throws IOException;
}
