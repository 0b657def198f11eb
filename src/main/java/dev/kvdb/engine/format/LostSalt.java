package dev.kvdb.engine.format;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Finds a salt for a segment whose header is lost, so that the checksums of its frames can be verified all the same.
 *
 * <p>A checksum goes over the salt first: all that frames see of its 64 bits are the 32 bits of the register behind it.
 * From a frame and its checksum that register follows by running the checksum backwards, and a salt that leads to it by
 * running it backwards once more. That salt need not be the one that was lost, yet each frame of the segment has the
 * same checksum under both. Which frame to trust for that: a mark, which names store, segment and its own offset.
 */
public final class LostSalt {

    /** The polynomial of CRC-32C, bits reversed. */
    private static final int POLYNOMIAL = 0x82F63B78;

    private static final int[] TABLE = table();
    private static final int[] INDEX_BY_HIGH_BYTE = indexByHighByte();

    private LostSalt() {}

    /**
     * The header with a salt under which the bytes at {@code position} of {@code source} are an intact mark of it.
     *
     * @param segment the header as far as it is known; its salt does not count
     * @param offset where these bytes lie in the segment
     * @return empty where they can be none
     */
    public static Optional<SegmentHeader> saltedByMark(
            ByteBuffer source, int position, SegmentHeader segment, long offset) {
        if (source.limit() - position < Mark.FRAME_BYTES || !Mark.looksLikeMark(source, position, offset)) {
            return Optional.empty();
        }
        SegmentHeader salted = segment.withSalt(saltOf(source, position, FrameHeader.BYTES_MAX));
        return Mark.decode(source, position, salted, offset).map(mark -> salted);
    }

    /** A salt under which the header of so many bytes has the checksum that it begins with. */
    static long saltOf(ByteBuffer source, int position, int headerBytes) {
        int register = ~source.getInt(position);
        for (int at = headerBytes - 1; at >= Integer.BYTES; at--) {
            register = before(register, source.get(position + at));
        }
        // Four zeros, then the four bytes that lead to the register: they are what differs from four zeros more.
        int afterZeros = ~0;
        for (int i = 0; i < Integer.BYTES; i++) {
            afterZeros = after(afterZeros, (byte) 0);
            register = before(register, (byte) 0);
        }
        return Integer.toUnsignedLong(Integer.reverseBytes(afterZeros ^ register));
    }

    private static int after(int register, byte next) {
        return TABLE[(register ^ next) & 0xFF] ^ (register >>> Byte.SIZE);
    }

    private static int before(int register, byte last) {
        int index = INDEX_BY_HIGH_BYTE[register >>> 24];
        return ((register ^ TABLE[index]) << Byte.SIZE) | ((index ^ last) & 0xFF);
    }

    private static int[] table() {
        int[] table = new int[256];
        for (int i = 0; i < table.length; i++) {
            int register = i;
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                register = (register >>> 1) ^ ((register & 1) == 0 ? 0 : POLYNOMIAL);
            }
            table[i] = register;
        }
        return table;
    }

    private static int[] indexByHighByte() {
        int[] index = new int[256];
        for (int i = 0; i < index.length; i++) {
            index[TABLE[i] >>> 24] = i;
        }
        return index;
    }
}
