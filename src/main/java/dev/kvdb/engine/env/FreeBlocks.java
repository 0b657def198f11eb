package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this process may still write to a file system.
 *
 * <p>File systems keep blocks for some users (ext4 a twentieth for root), and the number of bytes that they give as
 * usable is that of all others. For a process that may take such blocks, and did, it stays 0 whatever is freed. So what
 * was free least is kept in mind: what is free beyond that was taken before, and can be taken again.
 *
 * <p>Safe for use by several threads.
 */
final class FreeBlocks {

    /** Bytes that were free when there were fewest since a write found no space. */
    private final Map<FileStore, Long> leastFree = new ConcurrentHashMap<>();

    /** Bytes that may be written to the file system of a directory. */
    long usableBytes(Path directory) throws IOException {
        return usableBytes(Files.getFileStore(directory));
    }

    long usableBytes(FileStore store) throws IOException {
        long free = store.getUnallocatedSpace();
        long least = leastFree.merge(store, free, Math::min);
        return Math.max(store.getUsableSpace(), free - least);
    }

    /** A write to a file, which may have another name now, found no space: what is free there is kept for others. */
    void noSpaceFor(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        noSpace(Files.getFileStore(directory == null ? file : directory));
    }

    void noSpace(FileStore store) throws IOException {
        leastFree.put(store, store.getUnallocatedSpace());
    }
}
