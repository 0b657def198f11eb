package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;

/**
 * How the entries of an index leaf are packed, as an index snapshot says it before them.
 *
 * <pre>
 *   0       2            3                 4          12              20
 *  +-------+------------+-----------------+----------+---------------+---------+---------+-----
 *  | count | key width  | location width  | key base | location base | entry 0 | entry 1 | ...
 *  +-------+------------+-----------------+----------+---------------+---------+---------+-----
 *
 *  entry:  key - key base, in as many bytes as the key width says | location - location base, likewise
 * </pre>
 *
 * <p>Keys ascend. Both differences are unsigned and, as in memory and unlike all other integers on disk, little-endian.
 *
 * @param count how many entries there are, 1 to {@value #ENTRIES_MAX}
 * @param keyBytes bytes of a key's difference, 1 to 8
 * @param locationBytes bytes of a location's difference, 1 to 8
 * @param keyBase the key whose difference is 0; even the greatest difference leads to a key
 * @param locationBase the location whose difference is 0, likewise
 */
public record LeafHeader(int count, int keyBytes, int locationBytes, long keyBase, long locationBase) {

    /** Bytes of the header. */
    public static final int BYTES = 20;

    /** Entries of a leaf at most. */
    public static final int ENTRIES_MAX = 256;

    /** Bytes of a leaf at most, its header included. */
    public static final int LEAF_BYTES_MAX = BYTES + ENTRIES_MAX * 2 * Long.BYTES;

    /** Bytes of an entry. */
    public int entryBytes() {
        return keyBytes + locationBytes;
    }

    /** Bytes of all entries. */
    public int entriesBytes() {
        return count * entryBytes();
    }

    /** Where an entry begins, counted from where the header does. */
    public int entryOffset(int entry) {
        return BYTES + entry * entryBytes();
    }

    /** Appends the header to {@code target}; its entries belong right behind it. */
    public void encode(ByteBuffer target) {
        target.putShort((short) count)
                .put((byte) keyBytes)
                .put((byte) locationBytes)
                .putLong(keyBase)
                .putLong(locationBase);
    }

    /**
     * Takes a header from {@code source}, in which all of its entries follow.
     *
     * @param offset where in the file it is
     * @throws DamageException where it is no leaf's header, or the entries end early
     */
    public static LeafHeader decode(ByteBuffer source, String file, long offset) {
        if (source.remaining() < BYTES) {
            throw new DamageException(file, offset, "a leaf", source.remaining() + " bytes");
        }
        int count = Short.toUnsignedInt(source.getShort());
        int keyBytes = source.get();
        int locationBytes = source.get();
        LeafHeader header = new LeafHeader(count, keyBytes, locationBytes, source.getLong(), source.getLong());
        boolean isLeaf = count > 0
                && count <= ENTRIES_MAX
                && isFrame(header.keyBase, keyBytes)
                && isFrame(header.locationBase, locationBytes);
        if (!isLeaf || header.entriesBytes() > source.remaining()) {
            throw new DamageException(
                    file, offset, "a leaf in " + (BYTES + source.remaining()) + " bytes", header.toString());
        }
        return header;
    }

    /** Whether the greatest difference of that width, added to the base, is still a signed 64-bit number. */
    private static boolean isFrame(long base, int width) {
        return width == Long.BYTES
                ? base == Long.MIN_VALUE
                : width > 0 && width < Long.BYTES && base <= Long.MAX_VALUE - ((1L << (width * Byte.SIZE)) - 1);
    }
}
