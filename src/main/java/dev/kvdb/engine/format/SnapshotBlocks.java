package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;

/**
 * The blocks of an index snapshot, each of as many {@linkplain LeafHeader leaves} as fit in, so that a large file is
 * read and verified piece by piece.
 *
 * <pre>
 *   0        4
 *  +--------+--------+-----+----------------------------------+
 *  | length | leaf 0 | ... | CRC-32C of all that is before it |
 *  +--------+--------+-----+----------------------------------+
 *            --- length ---
 * </pre>
 */
public final class SnapshotBlocks {

    /** Bytes of a block at most, all included. */
    public static final int BYTES_MAX = 256 * 1024;

    /** Bytes of a block before its first leaf. */
    public static final int LENGTH_BYTES = Integer.BYTES;

    /** Bytes of a block that are no leaves. */
    public static final int FRAME_BYTES = LENGTH_BYTES + Integer.BYTES;

    private SnapshotBlocks() {}

    /** Bytes that a number of entries take at most, in all their leaves and blocks. */
    public static long bytesMax(long entries) {
        long leaves = (entries + LeafHeader.ENTRIES_MAX - 1) / LeafHeader.ENTRIES_MAX;
        long leavesOfABlock = (BYTES_MAX - FRAME_BYTES) / LeafHeader.LEAF_BYTES_MAX;
        long blocks = (leaves + leavesOfABlock - 1) / leavesOfABlock;
        return entries * 2 * Long.BYTES + leaves * LeafHeader.BYTES + blocks * FRAME_BYTES;
    }

    /** Memory for a block at a time where all together will have about so many bytes. */
    public static ByteBuffer allocate(long bytesExpected) {
        int leastBytes = LeafHeader.LEAF_BYTES_MAX + FRAME_BYTES;
        return ByteBuffer.allocate((int) Math.min(BYTES_MAX, Math.max(leastBytes, bytesExpected)));
    }

    /** Begins a block in an empty buffer; leaves are to follow. */
    public static void begin(ByteBuffer block) {
        block.putInt(0);
    }

    /** Whether so many bytes still fit into a block that was begun. */
    public static boolean hasRoom(ByteBuffer block, int bytes) {
        return block.position() + bytes <= block.capacity() - Integer.BYTES;
    }

    /** Ends a block, ready to be written. */
    public static void end(ByteBuffer block) {
        block.putInt(0, block.position() - LENGTH_BYTES);
        block.putInt(Crc32c.of(block, 0, block.position()));
        block.flip();
    }

    /**
     * Checks the block that the buffer begins with, and leaves nothing but its leaves between position and limit.
     *
     * @param block from 0 to its limit, all that may be of the block, and perhaps of others behind it
     * @param offset where in the file that is
     * @return bytes of the block
     * @throws DamageException where the block is not whole and intact
     */
    public static int open(ByteBuffer block, String file, long offset) {
        int length = block.limit() < FRAME_BYTES ? 0 : block.getInt(0);
        if (length <= 0 || length > block.limit() - FRAME_BYTES) {
            throw new DamageException(
                    file, offset, "a block in " + block.limit() + " bytes", "one of " + length + " bytes");
        }
        int end = LENGTH_BYTES + length;
        int crc = Crc32c.of(block, 0, end);
        if (block.getInt(end) != crc) {
            throw new DamageException(
                    file, offset + end, "checksum " + Integer.toHexString(crc), Integer.toHexString(block.getInt(end)));
        }
        block.limit(end).position(LENGTH_BYTES);
        return length + FRAME_BYTES;
    }
}
