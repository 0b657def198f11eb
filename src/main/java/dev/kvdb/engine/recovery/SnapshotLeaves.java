package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.LeafHeader;
import dev.kvdb.engine.format.SnapshotBlocks;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.index.PackedLeaf;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads the leaves of an index snapshot in ascending order of keys. What it gives out is of intact blocks, and its keys
 * ascend; whether its locations make sense is for others to check.
 *
 * <p>Belongs to one thread. Does not own the file.
 */
final class SnapshotLeaves {

    private final StoreFile file;
    private final String path;
    private final long end;

    /** Outside of the heap: the file is read into it without another copy. */
    private final ByteBuffer block;

    private long blockAt;
    private long nextBlockAt;
    private long entriesLeft;
    private long leafAt;
    private LeafHeader header = new LeafHeader(0, 1, 1, 0, 0);
    private PackedLeaf leaf = PackedLeaf.read(header, ByteBuffer.allocate(0));
    private boolean isFirst = true;

    /** @throws DamageException where the file is not as long as its header says */
    SnapshotLeaves(StoreFile file, String path, SnapshotHeader snapshot) throws IOException {
        this.file = file;
        this.path = path;
        this.end = file.size();
        this.nextBlockAt = SnapshotHeader.bytes(snapshot.segments().size());
        this.entriesLeft = snapshot.entries();
        long blockBytes = end - nextBlockAt;
        if (snapshot.blockBytes() != blockBytes || entriesLeft < 0 || entriesLeft > blockBytes) {
            throw new DamageException(
                    path, 0, entriesLeft + " entries in " + snapshot.blockBytes() + " bytes", blockBytes + " bytes");
        }
        this.block = ByteBuffer.allocateDirect((int) Math.min(SnapshotBlocks.BYTES_MAX, blockBytes))
                .limit(0);
    }

    /**
     * Moves to the next leaf. False at the end.
     *
     * @throws DamageException where a block is damaged or the operating system does not give it back, and where keys do
     *     not ascend or are not as many as the snapshot says
     */
    boolean next() {
        if (!block.hasRemaining() && !readBlock()) {
            return false;
        }
        leafAt = blockAt + block.position();
        long keyBefore = isFirst ? 0 : leaf.lastKey();
        header = LeafHeader.decode(block, path, leafAt);
        leaf = PackedLeaf.read(header, block);
        entriesLeft -= leaf.count();
        if (entriesLeft < 0) {
            throw new DamageException(path, leafAt, "no more entries than the snapshot has", leaf.count() + " more");
        }
        if (!isFirst && leaf.key(0) <= keyBefore) {
            throw damage(0, "a key above " + keyBefore, "key " + leaf.key(0));
        }
        isFirst = false;
        int descends = leaf.descendsAt();
        if (descends < leaf.count()) {
            throw damage(descends, "a key above " + leaf.key(descends - 1), "key " + leaf.key(descends));
        }
        return true;
    }

    /** The leaf that {@link #next} moved to. */
    PackedLeaf leaf() {
        return leaf;
    }

    /** Where an entry of that leaf is in the file. */
    long offset(int position) {
        return leafAt + header.entryOffset(position);
    }

    /** What is to be thrown where an entry of that leaf is wrong. */
    DamageException damage(int position, String expected, String found) {
        return new DamageException(path, offset(position), expected, found);
    }

    private boolean readBlock() {
        blockAt = nextBlockAt;
        if (blockAt == end) {
            if (entriesLeft > 0) {
                throw new DamageException(path, end, entriesLeft + " more entries", "the end");
            }
            return false;
        }
        block.clear().limit((int) Math.min(block.capacity(), end - blockAt));
        try {
            file.read(block, blockAt);
        } catch (IOException e) {
            throw new DamageException(path, blockAt, "a whole block", "a read that failed: " + e.getMessage());
        }
        nextBlockAt += SnapshotBlocks.open(block.flip(), path, blockAt);
        return true;
    }
}
