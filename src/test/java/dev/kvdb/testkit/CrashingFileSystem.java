package dev.kvdb.testkit;

import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DirectoryLockedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A file system in memory that keeps a journal, and can tell what a crash at any place in it would leave.
 *
 * <p>It is strict: bytes are lost in a crash until their file was synced, and created, renamed and deleted names until
 * their directory was. A synced file whose name was never synced may vanish. Made directories are durable at once, as
 * {@link FileSystem#createDirectories} promises. A position is a number of operations in the journal: 0 is before the
 * first.
 *
 * <p>After a failed sync ({@link #failNextSync}) it behaves as Linux does: reads still see the bytes, later syncs
 * succeed, and a crash loses the bytes for good. A failed sync of a directory is not simulated.
 *
 * <p>Safe for use by several threads, all operations being in one total order. Damage done by {@link #put},
 * {@link #overwrite}, {@link #flipBit} and {@link #truncateFile} is in the journal too, as ordinary operations followed
 * by syncs, and may hit open files.
 */
public final class CrashingFileSystem implements FileSystem {

    private static final Path ROOT = Path.of("/kvdb").toAbsolutePath();

    private final SimulatedDisk disk;

    /** A file system with nothing but an empty directory, {@link #root()}. */
    public CrashingFileSystem() {
        this(new SimulatedDisk(ROOT, Set.of(ROOT), Map.of()));
    }

    CrashingFileSystem(SimulatedDisk disk) {
        this.disk = disk;
    }

    /** The directory that is there from the start. */
    public Path root() {
        return disk.root;
    }

    /** A path in {@link #root()}. */
    public Path path(String name) {
        return disk.root.resolve(name);
    }

    // The journal.

    /** Operations carried out so far. Notes are not counted. */
    public int position() {
        return disk.position();
    }

    /** Puts a note between the operations before and after it, for example that a write was acknowledged. */
    public void note(Object note) {
        disk.note(note);
    }

    /** The notes made when at most {@code position} operations had been carried out, oldest first. */
    public List<Object> notesBefore(int position) {
        return disk.notesBefore(position);
    }

    /**
     * One line an operation, names relative to {@link #root()}: {@code create a.log}, {@code write a.log 0+128},
     * {@code syncdir .}
     */
    public String trace() {
        return trace(0);
    }

    /** The trace of the operations from a position on. */
    public String trace(int from) {
        return disk.journalFrom(from).stream()
                .map(entry -> entry.trace(disk.root))
                .collect(Collectors.joining("\n"));
    }

    // Crashes.

    /** A walk over all crashes of what was recorded up to now. */
    public CrashImages crashImages() {
        return new CrashImages(disk.recording());
    }

    /** What a crash after {@code position} operations leaves; for many of them use {@link #crashImages()}. */
    public CrashingFileSystem crashAt(int position, long seed) {
        return crashAt(position, CrashVariant.of(seed), seed);
    }

    /** What a crash after {@code position} operations leaves in a chosen variant. */
    public CrashingFileSystem crashAt(int position, CrashVariant variant, long seed) {
        CrashImages images = crashImages();
        images.advanceTo(position);
        return images.image(variant, seed);
    }

    /**
     * A copy of what running code sees now, all of it durable, its journal empty, its lock free. Shares the bytes until
     * one side changes them.
     */
    public CrashingFileSystem copy() {
        return new CrashingFileSystem(disk.copy());
    }

    /**
     * Lets {@code operations} more of the operations that the journal records succeed, and fails all after them without
     * any effect: the process is dying. To see an operation half done, walk the images of a run that did it.
     */
    public void crashAfter(int operations) {
        disk.operationsLeft(operations);
    }

    // Faults.

    /** Fails the next sync of any file, and loses in a crash what it should have made durable. */
    public void failNextSync() {
        disk.failNextSync();
    }

    /**
     * Limits the bytes of all files together, deleted ones that are open included. A write that needs more writes what
     * fits, then fails. May be below what is used already. Images of crashes have no limit.
     */
    public void capacityBytes(long bytes) {
        disk.capacityBytes(bytes);
    }

    /** So many of the last bytes are not usable by others; the code under test may write them. */
    public void keptBytes(long bytes) {
        disk.keptBytes(bytes);
    }

    // Damage, and looking on from outside.

    /** All bytes of a file. */
    public byte[] contents(Path file) {
        return unchecked(() -> disk.contents(disk.require(normal(file))));
    }

    /** Makes a file with this content, or replaces the content of one. */
    public void put(Path file, byte[] bytes) {
        fromOutside(file, inode -> {
            disk.truncate(inode, 0);
            disk.write(inode, ByteBuffer.wrap(bytes), 0);
        });
    }

    /** Replaces bytes of a file, which grows where they reach past its end. */
    public void overwrite(Path file, long offset, byte[] bytes) {
        contentsMustExist(file);
        fromOutside(file, inode -> disk.write(inode, ByteBuffer.wrap(bytes), offset));
    }

    /** Cuts a file. */
    public void truncateFile(Path file, long size) {
        contentsMustExist(file);
        fromOutside(file, inode -> disk.truncate(inode, size));
    }

    /** Inverts one bit; bit 0 is the least significant. */
    public void flipBit(Path file, long offset, int bit) {
        contentsMustExist(file);
        fromOutside(file, inode -> {
            ByteBuffer one = ByteBuffer.allocate(1);
            if (disk.read(inode, one, offset) == 0) {
                throw new IllegalArgumentException("no byte at " + offset + " of " + file);
            }
            one.put(0, (byte) (one.get(0) ^ 1 << bit));
            disk.write(inode, one.flip(), offset);
        });
    }

    /** The most files that were open at once since the last call. */
    public int takeOpenHandlesMax() {
        return disk.takeOpenHandlesMax();
    }

    /** The names of the files that are open, once for each time; to find leaks. */
    public List<String> openHandles() {
        return disk.openPaths().stream()
                .map(path -> path.startsWith(disk.root) ? disk.root.relativize(path) : path)
                .map(Path::toString)
                .sorted()
                .toList();
    }

    /** Each file's size and checksum: equal for file systems that hold the same, whatever their journals. */
    public Map<Path, Long> checksums() {
        return disk.checksums();
    }

    /** Bytes of files that have no name any more, and are kept by those who have them open. */
    public long bytesHeldByDeletedFiles() {
        return disk.deletedButOpenBytes();
    }

    // The file system as the engine knows it.

    @Override
    public void createDirectories(Path directory) throws IOException {
        disk.makeDirectories(normal(directory));
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return disk.list(normal(directory));
    }

    @Override
    public boolean exists(Path file) {
        return disk.exists(normal(file));
    }

    @Override
    public long size(Path file) throws IOException {
        return disk.size(disk.require(normal(file)));
    }

    @Override
    public StoreFile create(Path file) throws IOException {
        return new CrashingFile(disk, disk.create(normal(file)), true);
    }

    @Override
    public StoreFile openForReading(Path file) throws IOException {
        return new CrashingFile(disk, disk.open(normal(file)), false);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(normal(from), normal(to));
    }

    @Override
    public void delete(Path file) throws IOException {
        disk.delete(normal(file));
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        disk.syncDirectory(normal(directory));
    }

    @Override
    public long usableBytes(Path directory) {
        return disk.usableBytes();
    }

    @Override
    public long writableBytes(Path directory) {
        return disk.writableBytes();
    }

    @Override
    public DirectoryLock lock(Path file, String owner) throws IOException {
        Path path = normal(file);
        String holder = disk.lock(path, owner);
        if (holder != null) {
            throw new DirectoryLockedException(String.valueOf(path.getParent()), holder);
        }
        return () -> disk.unlock(path);
    }

    @Override
    public DirectoryLock lockUnchanged(Path file) throws IOException {
        Path path = normal(file);
        String holder = disk.lockUnchanged(path);
        if (holder != null) {
            throw new DirectoryLockedException(String.valueOf(path.getParent()), holder);
        }
        return () -> disk.unlock(path);
    }

    private static Path normal(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private void contentsMustExist(Path file) {
        unchecked(() -> disk.require(normal(file)));
    }

    private void fromOutside(Path file, SimulatedDisk.Change change) {
        unchecked(() -> {
            disk.fromOutside(normal(file), change);
            return file;
        });
    }

    private static <T> T unchecked(Fallible<T> action) {
        try {
            return action.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Something that a test does not expect to fail. */
    private interface Fallible<T> {
        T run() throws IOException;
    }
}
