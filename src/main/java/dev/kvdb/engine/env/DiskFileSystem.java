package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The operating system's files.
 *
 * <p>A file made by {@link #create} takes two descriptors, one made by {@link #openForReading} takes one. Safe for use
 * by several threads.
 */
final class DiskFileSystem implements FileSystem {

    /** Windows cannot open a directory to sync it; NTFS journals its directory operations in order by itself. */
    private static final boolean DIRECTORIES_CAN_BE_SYNCED =
            !System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

    private final OpenFiles openFiles = new OpenFiles();
    private final FreeBlocks freeBlocks = new FreeBlocks();

    /**
     * {@inheritDoc}
     *
     * <p>The entry of a directory that exists is synced too, where its parent may be opened: a process that was killed
     * may have made it and not lived to sync it.
     */
    @Override
    public void createDirectories(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null) {
            return;
        }
        if (Files.isDirectory(absolute)) {
            try {
                syncDirectory(parent);
            } catch (SyncNotBegunException e) {
                // Where it is not ours to sync, whoever may write there made the directory.
                if (!(e.getCause() instanceof AccessDeniedException)) {
                    throw e;
                }
            }
            return;
        }
        createDirectories(parent);
        try {
            Files.createDirectory(absolute);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(absolute)) {
                throw e;
            }
        } catch (IOException e) {
            throw DiskFull.translate(e, "create directory", absolute);
        }
        syncDirectory(parent);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, Files::isRegularFile)) {
            for (Path entry : entries) {
                names.add(entry.getFileName().toString());
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Collections.sort(names);
        return names;
    }

    @Override
    public boolean exists(Path file) throws IOException {
        try {
            Files.readAttributes(file, BasicFileAttributes.class);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public long size(Path file) throws IOException {
        return Files.size(file);
    }

    @Override
    public StoreFile create(Path file) throws IOException {
        try {
            return openFiles.open(
                    file,
                    channel -> new DiskFile(openFiles, freeBlocks, file, channel, syncChannel(file)),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw DiskFull.translate(e, "create", file);
        }
    }

    private static FileChannel syncChannel(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.WRITE);
        } catch (IOException e) {
            // Out of descriptors, most likely. The caller was told that nothing was created, and may try again.
            Files.deleteIfExists(file);
            throw e;
        }
    }

    @Override
    public StoreFile openForReading(Path file) throws IOException {
        return openFiles.open(
                file, channel -> new DiskFile(openFiles, freeBlocks, file, channel, null), StandardOpenOption.READ);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        try {
            openFiles.rename(from, to);
        } catch (IOException e) {
            throw DiskFull.translate(e, "rename", from);
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        openFiles.delete(file);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        if (!DIRECTORIES_CAN_BE_SYNCED) {
            return;
        }
        try (InterruptShield shield = InterruptShield.raise();
                FileChannel channel = openDirectory(directory)) {
            try {
                channel.force(true);
            } catch (ClosedChannelException e) {
                shield.takeInterrupt();
                throw new IOException(
                        "an interrupt broke a sync of " + directory + "; what reached the disk is unknown", e);
            }
        }
    }

    private static FileChannel openDirectory(Path directory) throws IOException {
        try {
            return FileChannel.open(directory, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new SyncNotBegunException(directory, e);
        }
    }

    @Override
    public long usableBytes(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    @Override
    public long writableBytes(Path directory) throws IOException {
        return freeBlocks.writableBytes(directory);
    }

    @Override
    public DirectoryLock lock(Path file, String owner) throws IOException {
        return DiskLock.acquire(file, owner);
    }

    @Override
    public DirectoryLock lockUnchanged(Path file) throws IOException {
        return DiskLock.acquireUnchanged(file);
    }
}
