package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;

/**
 * Fixed-size entries in blocks, each followed by its checksum, so that a large file is read and verified piece by
 * piece.
 *
 * <pre>
 *  +---------+-----+------------+--------------------------+
 *  | entry 0 | ... | entry 1023 | CRC-32C of these entries |   the last block may be shorter
 *  +---------+-----+------------+--------------------------+
 * </pre>
 */
public final class Blocks {

    /** Entries of a full block. */
    public static final int ENTRIES = 1024;

    /** Bytes of a block's checksum. */
    public static final int CRC_BYTES = Integer.BYTES;

    private Blocks() {}

    /** Bytes that {@code entries} entries take in all their blocks. */
    public static long bytes(long entries, int entryBytes) {
        long blocks = (entries + ENTRIES - 1) / ENTRIES;
        return entries * entryBytes + blocks * CRC_BYTES;
    }

    /** Appends the checksum of all that is in the block so far. */
    public static void seal(ByteBuffer block) {
        block.putInt(Crc32c.of(block, 0, block.position()));
    }

    /**
     * Checks a block that was read whole, and cuts its checksum off.
     *
     * @throws DamageException where the checksum differs
     */
    public static void open(ByteBuffer block, String file, long offset) {
        int end = block.limit() - CRC_BYTES;
        int crc = Crc32c.of(block, 0, end);
        if (block.getInt(end) != crc) {
            throw new DamageException(
                    file, offset + end, "checksum " + Integer.toHexString(crc), Integer.toHexString(block.getInt(end)));
        }
        block.position(0).limit(end);
    }

    static void checkHeader(ByteBuffer source, byte[] magic, int formatVersion, int crcOffset, String file) {
        if (source.limit() < crcOffset + CRC_BYTES
                || !source.slice(0, magic.length).equals(ByteBuffer.wrap(magic))
                || source.getShort(magic.length) != formatVersion
                || source.getInt(crcOffset) != Crc32c.of(source, 0, crcOffset)) {
            throw new DamageException(file, 0, "an intact header", "another one");
        }
    }
}
