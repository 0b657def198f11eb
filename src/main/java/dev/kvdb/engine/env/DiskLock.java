package dev.kvdb.engine.env;

import dev.kvdb.engine.error.DirectoryLockedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The operating system's lock on a store's lock file, which the text in the file only explains. The text is of who had
 * the exclusive lock last: a shared one changes nothing, and leaves no name.
 *
 * <p>POSIX drops a process's locks on a file as soon as the process closes <em>any</em> descriptor of it. So a lock
 * that this process holds is looked up before the file is touched, in a place that all class loaders of the process
 * share: the system properties.
 *
 * <p>The locked byte lies far behind the text, since Windows forbids others to read locked bytes.
 */
final class DiskLock implements DirectoryLock {

    private static final String PROPERTY_PREFIX = "dev.kvdb.locked:";
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;
    private static final int OWNER_BYTES_MAX = 1024;
    private static final String READERS = "someone who only reads it, as 'kvdb verify' does";

    private final String property;
    private final FileChannel channel;

    private DiskLock(String property, FileChannel channel) {
        this.property = property;
        this.channel = channel;
    }

    static DirectoryLock acquire(Path file, String owner) throws IOException {
        return acquire(file, owner, directory -> lockedChannel(file, directory, owner));
    }

    /** A shared lock, which needs no right to write: it keeps the exclusive one of a store out. */
    static DirectoryLock acquireUnchanged(Path file) throws IOException {
        return acquire(file, READERS, directory -> sharedChannel(file, directory));
    }

    private static DirectoryLock acquire(Path file, String owner, Opening opening) throws IOException {
        Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a lock file is in a directory");
        String property = PROPERTY_PREFIX + directory.toRealPath().resolve(file.getFileName());
        Object holder = System.getProperties().putIfAbsent(property, owner);
        if (holder != null) {
            throw new DirectoryLockedException(directory.toString(), holder + " (this process)");
        }
        try (InterruptShield shield = InterruptShield.raise()) {
            while (true) {
                try {
                    return new DiskLock(property, opening.open(directory));
                } catch (ClosedByInterruptException e) {
                    shield.takeInterrupt();
                }
            }
        } catch (IOException | RuntimeException e) {
            System.getProperties().remove(property);
            throw e;
        }
    }

    private static FileChannel lockedChannel(Path file, Path directory, String owner) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            if (tryLock(channel, false) == null) {
                if (!isShared(channel)) {
                    throw new DirectoryLockedException(directory.toString(), ownerIn(channel));
                }
                if (tryLock(channel, false) == null) {
                    throw new DirectoryLockedException(directory.toString(), READERS);
                }
            }
            writeOwner(channel, owner);
            locked = true;
            return channel;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    private static FileChannel sharedChannel(Path file, Path directory) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        boolean locked = false;
        try {
            if (tryLock(channel, true) == null) {
                throw new DirectoryLockedException(directory.toString(), ownerIn(channel));
            }
            locked = true;
            return channel;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel, boolean shared) throws IOException {
        try {
            return channel.tryLock(LOCKED_BYTE, 1, shared);
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Whether no one has the exclusive lock, so that the text is of nobody who is there. */
    private static boolean isShared(FileChannel channel) throws IOException {
        FileLock shared = tryLock(channel, true);
        if (shared == null) {
            return false;
        }
        shared.release();
        return true;
    }

    private static String ownerIn(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(OWNER_BYTES_MAX);
        while (text.hasRemaining() && channel.read(text, text.position()) >= 0) {
            // read until the buffer is full or the file ends
        }
        return ownerIn(text.flip());
    }

    /** Who has the lock, as the beginning of the file says. */
    static String ownerIn(ByteBuffer text) {
        String owner = StandardCharsets.UTF_8.decode(text).toString().strip();
        return owner.isEmpty() ? "an owner that left no name" : owner;
    }

    private static void writeOwner(FileChannel channel, String owner) throws IOException {
        ByteBuffer text = StandardCharsets.UTF_8.encode(owner + "\n");
        // No name is better than that of an owner who is gone.
        channel.truncate(0);
        try {
            while (text.hasRemaining()) {
                channel.write(text, text.position());
            }
        } catch (IOException e) {
            // A full disk must not keep a store shut, or nothing could be removed from it; the lock holds without a
            // name.
            channel.truncate(0);
            if (!(DiskFull.translate(e, "write", Path.of("lock")) instanceof NoSpaceException)) {
                throw e;
            }
        }
    }

    /** Opens and locks the lock file of a directory. */
    private interface Opening {
        FileChannel open(Path directory) throws IOException;
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            System.getProperties().remove(property);
        }
    }
}
