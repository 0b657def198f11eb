package dev.kvdb.engine.log;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads entries of a fixed size from checksummed {@linkplain Blocks blocks}. Belongs to one thread. Does not own the
 * file.
 */
public final class BlockReader {

    private final Source file;
    private final String name;
    private final int entryBytes;
    private final ByteBuffer block;
    private long position;
    private long entriesLeft;

    /** Where blocks are read from. */
    @FunctionalInterface
    public interface Source {

        /** Reads from {@code position} until the target is full or the file ends, and tells how many bytes. */
        int read(ByteBuffer target, long position) throws IOException;
    }

    /**
     * @param file where the blocks are
     * @param size how long it is
     * @param name its path, for messages
     * @param position where the first block begins
     * @param entries how many entries there are in all
     * @param entryBytes bytes of an entry
     * @throws DamageException where the file is not as long as its entries need
     */
    public BlockReader(Source file, long size, String name, long position, long entries, int entryBytes) {
        this.file = file;
        this.name = name;
        this.position = position;
        this.entriesLeft = entries;
        this.entryBytes = entryBytes;
        if (entries < 0 || entries > size / entryBytes || position + Blocks.bytes(entries, entryBytes) != size) {
            throw new DamageException(name, 0, entries + " entries of " + entryBytes + " bytes", size + " bytes");
        }
        int entriesBuffered = (int) Math.min(Blocks.ENTRIES, entries);
        this.block = ByteBuffer.allocate(entriesBuffered * entryBytes + Blocks.CRC_BYTES)
                .limit(0);
    }

    /**
     * Makes the next entry's bytes the next ones of {@link #bytes}. False at the end.
     *
     * @throws DamageException where a block is damaged, or the operating system does not give it back
     */
    public boolean next() {
        if (block.hasRemaining()) {
            return true;
        }
        if (entriesLeft == 0) {
            return false;
        }
        int entries = (int) Math.min(Blocks.ENTRIES, entriesLeft);
        block.clear().limit(entries * entryBytes + Blocks.CRC_BYTES);
        try {
            file.read(block, position);
        } catch (IOException e) {
            throw new DamageException(name, position, "a whole block", "a read that failed: " + e.getMessage());
        }
        int bytes = block.flip().limit();
        if (bytes != entries * entryBytes + Blocks.CRC_BYTES) {
            throw new DamageException(name, position, "a whole block", bytes + " bytes");
        }
        Blocks.open(block, name, position);
        position += bytes;
        entriesLeft -= entries;
        return true;
    }

    /** The entry that {@link #next} moved to, at the position. */
    public ByteBuffer bytes() {
        return block;
    }
}
