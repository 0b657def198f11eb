package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.SnapshotBlocks;
import dev.kvdb.engine.index.PackedLeaf;
import dev.kvdb.engine.log.StoreDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes leaves in checksummed {@linkplain SnapshotBlocks blocks}. Belongs to one thread. */
final class SnapshotWriter {

    private final StoreDirectory directory;
    private final StoreFile file;
    private final long start;
    private final ByteBuffer block;
    private long position;
    private long entries;

    /**
     * @param directory counts the bytes
     * @param file where the blocks go
     * @param start where the first one goes
     * @param bytesExpected about how many bytes there will be: less memory is used where these are few
     */
    SnapshotWriter(StoreDirectory directory, StoreFile file, long start, long bytesExpected) {
        this.directory = directory;
        this.file = file;
        this.start = start;
        this.position = start;
        this.block = SnapshotBlocks.allocate(bytesExpected);
        SnapshotBlocks.begin(block);
    }

    /** Writes a leaf. */
    void add(PackedLeaf leaf) throws IOException {
        if (!SnapshotBlocks.hasRoom(block, leaf.bytes())) {
            finish();
        }
        leaf.write(block);
        entries += leaf.count();
    }

    /** Writes the last block, if any leaf is in it. */
    void finish() throws IOException {
        if (block.position() > SnapshotBlocks.LENGTH_BYTES) {
            SnapshotBlocks.end(block);
            int bytes = block.remaining();
            directory.write(file, block, position);
            position += bytes;
            block.clear();
            SnapshotBlocks.begin(block);
        }
    }

    /** Entries of all leaves. */
    long entries() {
        return entries;
    }

    /** Bytes of the blocks written. */
    long bytes() {
        return position - start;
    }
}
