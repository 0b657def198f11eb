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
 * <p>File systems keep blocks for some users (ext4 a twentieth for root), and what they give as usable is what all
 * others may write. Whether this process may take such blocks shows when a write finds no space: what is free then is
 * kept from it. Until then all that is free is taken to be its own; a mistake about that is corrected by the first
 * write that fails.
 *
 * <p>Safe for use by several threads.
 */
final class FreeBlocks {

    /** Bytes that are kept from this process; none known for a file system that never refused a write. */
    private final Map<FileStore, Long> kept = new ConcurrentHashMap<>();

    /** Bytes that may be written to the file system of a directory. */
    long writableBytes(Path directory) throws IOException {
        return writableBytes(Files.getFileStore(directory));
    }

    long writableBytes(FileStore store) throws IOException {
        return Math.max(store.getUsableSpace(), store.getUnallocatedSpace() - kept.getOrDefault(store, 0L));
    }

    /** A write to a file, which may have another name now, found no space. */
    void noSpaceFor(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        noSpace(Files.getFileStore(directory == null ? file : directory));
    }

    /** What others may use is not kept back: it was freed meanwhile, or it is a quota that refused the write. */
    void noSpace(FileStore store) throws IOException {
        kept.put(store, store.getUnallocatedSpace() - store.getUsableSpace());
    }
}
