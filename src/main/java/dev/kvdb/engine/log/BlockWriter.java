package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Writes entries of a fixed size in checksummed {@linkplain Blocks blocks}. Belongs to one thread. */
public final class BlockWriter {

    private final StoreDirectory directory;
    private final StoreFile file;
    private final int entryBytes;
    private final ByteBuffer block;
    private long position;

    /**
     * @param directory counts the bytes
     * @param file where the blocks go
     * @param position where the first one goes
     * @param entryBytes bytes of an entry
     */
    public BlockWriter(StoreDirectory directory, StoreFile file, long position, int entryBytes) {
        this.directory = directory;
        this.file = file;
        this.position = position;
        this.entryBytes = entryBytes;
        this.block = ByteBuffer.allocate(Blocks.ENTRIES * entryBytes + Blocks.CRC_BYTES);
    }

    /** Writes an entry; {@code encoder} appends its bytes. */
    public void add(Consumer<ByteBuffer> encoder) throws IOException {
        encoder.accept(block);
        if (block.remaining() < entryBytes + Blocks.CRC_BYTES) {
            finish();
        }
    }

    /** Writes the last block, if any entry is in it. */
    public void finish() throws IOException {
        if (block.position() > 0) {
            Blocks.seal(block);
            block.flip();
            int bytes = block.remaining();
            directory.write(file, block, position);
            position += bytes;
            block.clear();
        }
    }
}
