package dev.kvdb.testkit;

import dev.kvdb.engine.env.NoSpaceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory as running code sees them, and the journal of what was done to them.
 *
 * <p>Every change is in the journal before any other thread can see it, so the journal's order is the order of effects.
 * Safe for use by several threads: one lock guards all of it.
 */
final class SimulatedDisk {

    final Path root;
    private final Set<Path> baseDirectories;
    private final Map<Path, Inode> baseFiles;

    private final Set<Path> directories;
    private final Map<Path, Inode> files;
    private final Set<Inode> deletedButOpen = new HashSet<>();
    private final Map<Path, String> locks = new HashMap<>();
    private final List<JournalEntry> journal = new ArrayList<>();
    private final List<Object> notes = new ArrayList<>();
    private final List<Integer> notePositions = new ArrayList<>();

    private long operationsLeft = Long.MAX_VALUE;
    private long capacityBytes = Long.MAX_VALUE;
    private long keptBytes;
    private boolean failNextSync;
    private int openHandles;
    private int openHandlesMax;

    /** A disk on which all of this is durable. */
    SimulatedDisk(Path root, Collection<Path> directories, Map<Path, FileContent> contents) {
        this.root = root;
        this.directories = new HashSet<>(directories);
        this.files = new HashMap<>();
        contents.forEach((path, content) -> files.put(path, new Inode(path, content)));
        this.baseDirectories = Set.copyOf(directories);
        this.baseFiles = Map.copyOf(files);
    }

    /** The journal and its notes up to now, and the files that it began with. */
    record Recording(
            Path root,
            Set<Path> directories,
            Map<Path, Inode> files,
            List<JournalEntry> journal,
            List<Object> notes,
            List<Integer> notePositions) {}

    synchronized Recording recording() {
        return new Recording(
                root, baseDirectories, baseFiles, List.copyOf(journal), List.copyOf(notes), List.copyOf(notePositions));
    }

    /** What running code sees now, with all of it durable. */
    synchronized SimulatedDisk copy() {
        Map<Path, FileContent> contents = new HashMap<>();
        files.forEach((path, inode) -> contents.put(path, inode.content.share()));
        return new SimulatedDisk(root, directories, contents);
    }

    synchronized int position() {
        return journal.size();
    }

    synchronized void note(Object note) {
        notes.add(note);
        notePositions.add(journal.size());
    }

    synchronized List<Object> notesBefore(int position) {
        int count = 0;
        while (count < notes.size() && notePositions.get(count) <= position) {
            count++;
        }
        return List.copyOf(notes.subList(0, count));
    }

    synchronized List<JournalEntry> journalFrom(int position) {
        return List.copyOf(journal.subList(position, journal.size()));
    }

    synchronized void operationsLeft(long count) {
        operationsLeft = count;
    }

    synchronized void capacityBytes(long bytes) {
        capacityBytes = bytes;
    }

    synchronized void failNextSync() {
        failNextSync = true;
    }

    synchronized void keptBytes(long bytes) {
        keptBytes = bytes;
    }

    synchronized long usableBytes() {
        return Math.max(0, writableBytes() - keptBytes);
    }

    synchronized long writableBytes() {
        return Math.max(0, capacityBytes - usedBytes());
    }

    synchronized long deletedButOpenBytes() {
        return deletedButOpen.stream().mapToLong(inode -> inode.content.size()).sum();
    }

    /** The most handles that were open at once since the last call. */
    synchronized int takeOpenHandlesMax() {
        int max = openHandlesMax;
        openHandlesMax = openHandles;
        return max;
    }

    private void open(Inode inode) {
        inode.handles++;
        openHandles++;
        openHandlesMax = Math.max(openHandlesMax, openHandles);
    }

    synchronized Map<Path, Long> checksums() {
        Map<Path, Long> checksums = new HashMap<>();
        files.forEach((path, inode) -> checksums.put(path, inode.content.checksum()));
        return checksums;
    }

    synchronized List<Path> openPaths() {
        List<Path> open = new ArrayList<>();
        for (Inode inode : files.values()) {
            for (int i = 0; i < inode.handles; i++) {
                open.add(inode.path);
            }
        }
        for (Inode inode : deletedButOpen) {
            for (int i = 0; i < inode.handles; i++) {
                open.add(inode.path);
            }
        }
        return open;
    }

    // Names.

    synchronized void makeDirectories(Path directory) throws IOException {
        if (directory == null || directories.contains(directory)) {
            return;
        }
        if (files.containsKey(directory)) {
            throw new FileAlreadyExistsException(directory.toString());
        }
        makeDirectories(directory.getParent());
        record(new JournalEntry.MakeDirectory(directory));
        directories.add(directory);
    }

    synchronized List<String> list(Path directory) throws IOException {
        checkDirectory(directory);
        return files.keySet().stream()
                .filter(path -> directory.equals(path.getParent()))
                .map(path -> path.getFileName().toString())
                .sorted()
                .toList();
    }

    synchronized boolean exists(Path path) {
        return files.containsKey(path) || directories.contains(path);
    }

    synchronized Inode require(Path path) throws NoSuchFileException {
        Inode inode = files.get(path);
        if (inode == null) {
            throw new NoSuchFileException(path.toString());
        }
        return inode;
    }

    /** A new file with one handle. */
    synchronized Inode create(Path path) throws IOException {
        Inode inode = link(path);
        open(inode);
        return inode;
    }

    private Inode link(Path path) throws IOException {
        checkDirectory(path.getParent());
        if (files.containsKey(path) || directories.contains(path)) {
            throw new FileAlreadyExistsException(path.toString());
        }
        Inode inode = new Inode(path, FileContent.empty());
        record(new JournalEntry.Create(path.getParent(), path, inode));
        files.put(path, inode);
        return inode;
    }

    synchronized void rename(Path from, Path to) throws IOException {
        if (!from.getParent().equals(to.getParent())) {
            throw new IOException("rename of " + from + " to another directory: " + to);
        }
        Inode inode = require(from);
        record(new JournalEntry.Rename(from.getParent(), from, to, inode));
        files.remove(from);
        Inode replaced = files.put(to, inode);
        inode.path = to;
        if (replaced != null && replaced != inode) {
            unlink(replaced);
        }
    }

    synchronized void delete(Path path) throws IOException {
        Inode inode = require(path);
        record(new JournalEntry.Delete(path.getParent(), path));
        files.remove(path);
        unlink(inode);
    }

    synchronized void syncDirectory(Path directory) throws IOException {
        checkDirectory(directory);
        record(new JournalEntry.SyncDirectory(directory));
    }

    /** Takes the lock, or answers who has it. */
    synchronized @Nullable String lock(Path path, String owner) throws IOException {
        String holder = locks.get(path);
        if (holder != null) {
            return holder;
        }
        if (!files.containsKey(path)) {
            link(path);
        }
        record(new JournalEntry.Lock(path));
        locks.put(path, owner);
        return null;
    }

    /** Takes the lock on a file that exists, or answers who has it. */
    synchronized @Nullable String lockUnchanged(Path path) throws IOException {
        require(path);
        return locks.putIfAbsent(path, "a reader");
    }

    synchronized void unlock(Path path) {
        locks.remove(path);
    }

    // Bytes.

    synchronized Inode open(Path path) throws IOException {
        Inode inode = require(path);
        open(inode);
        return inode;
    }

    synchronized void close(Inode inode) {
        inode.handles--;
        openHandles--;
        if (inode.handles == 0) {
            deletedButOpen.remove(inode);
        }
    }

    synchronized int read(Inode inode, ByteBuffer target, long position) {
        return inode.content.read(target, position);
    }

    synchronized long size(Inode inode) {
        return inode.content.size();
    }

    synchronized byte[] contents(Inode inode) {
        return inode.content.toBytes();
    }

    /** Writes as much as there is space for. */
    synchronized void write(Inode inode, ByteBuffer source, long position) throws IOException {
        int asked = source.remaining();
        int fitting = fitting(inode, position, asked);
        if (fitting > 0) {
            byte[] bytes = new byte[fitting];
            source.duplicate().get(bytes);
            record(new JournalEntry.Write(inode, inode.path, position, bytes));
            inode.content.write(position, bytes, 0, fitting);
            source.position(source.position() + fitting);
        }
        if (fitting < asked) {
            throw new NoSpaceException("wrote " + fitting + " of " + asked + " bytes to " + inode.path);
        }
    }

    synchronized void truncate(Inode inode, long size) throws IOException {
        if (size < inode.content.size()) {
            record(new JournalEntry.Truncate(inode, inode.path, size));
            inode.content.resize(size);
        }
    }

    synchronized void sync(Inode inode) throws IOException {
        if (failNextSync) {
            failNextSync = false;
            loseUnsynced(inode);
            throw new IOException("Input/output error (injected at a sync of " + inode.path + ")");
        }
        record(new JournalEntry.Sync(inode, inode.path, false));
    }

    synchronized void loseUnsynced(Inode inode) throws IOException {
        record(new JournalEntry.Sync(inode, inode.path, true));
    }

    /**
     * Carries out changes from outside the tested code: no crash stops them, no limit, and they are durable at once.
     */
    synchronized void fromOutside(Path path, Change change) throws IOException {
        long left = operationsLeft;
        long capacity = capacityBytes;
        operationsLeft = Long.MAX_VALUE;
        capacityBytes = Long.MAX_VALUE;
        try {
            Inode inode = files.get(path);
            boolean isNew = inode == null;
            if (inode == null) {
                inode = link(path);
            }
            change.to(inode);
            record(new JournalEntry.Sync(inode, inode.path, false));
            if (isNew) {
                syncDirectory(path.getParent());
            }
        } finally {
            operationsLeft = left;
            capacityBytes = capacity;
        }
    }

    /** A change from outside. */
    interface Change {
        void to(Inode inode) throws IOException;
    }

    private void record(JournalEntry entry) throws IOException {
        if (operationsLeft == 0) {
            throw new IOException("crashed");
        }
        if (operationsLeft != Long.MAX_VALUE) {
            operationsLeft--;
        }
        journal.add(entry);
    }

    private int fitting(Inode inode, long position, int length) {
        long growth = position + length - inode.content.size();
        if (capacityBytes == Long.MAX_VALUE || growth <= 0) {
            return length;
        }
        long missing = growth - writableBytes();
        return missing <= 0 ? length : (int) Math.max(0, length - missing);
    }

    private long usedBytes() {
        return files.values().stream().mapToLong(inode -> inode.content.size()).sum() + deletedButOpenBytes();
    }

    private void unlink(Inode inode) {
        inode.deleted = true;
        if (inode.handles > 0) {
            deletedButOpen.add(inode);
        }
    }

    private void checkDirectory(Path directory) throws NoSuchFileException {
        if (!directories.contains(directory)) {
            throw new NoSuchFileException(directory.toString());
        }
    }
}
