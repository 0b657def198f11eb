package dev.kvdb.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Takes choices, numbers and bytes off what a fuzzer made, from front to back; once that is used up all are zero or
 * empty. The same bytes give the same choices. For one thread.
 */
public final class FuzzInput {

    private final ByteBuffer bytes;

    /** Reads these bytes. */
    public FuzzInput(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes);
    }

    /** Whether all is used up. */
    public boolean isEmpty() {
        return !bytes.hasRemaining();
    }

    /** A number from 0 to {@code count} - 1, off one byte. */
    public int oneOf(int count) {
        return isEmpty() ? 0 : (bytes.get() & 0xFF) % count;
    }

    /** A number of up to eight bytes; most often a small one, or one near a limit that integers or formats have. */
    public long number() {
        int near = oneOf(256);
        return switch (oneOf(10)) {
            case 0, 1, 2 -> near;
            case 3 -> near * 256L + oneOf(256);
            case 4 -> -near;
            case 5 -> Long.MAX_VALUE - near;
            case 6 -> Long.MIN_VALUE + near;
            case 7 -> (1L << (near % Long.SIZE)) - 2 + oneOf(4);
            default -> ByteBuffer.wrap(bytes(Long.BYTES)).getLong();
        };
    }

    /** So many bytes; zeros where there are too few. */
    public byte[] bytes(int count) {
        byte[] taken = new byte[count];
        bytes.get(taken, 0, Math.min(count, bytes.remaining()));
        return taken;
    }

    /** All that is left. */
    public byte[] rest() {
        byte[] all = bytes.array();
        byte[] taken = Arrays.copyOfRange(all, bytes.position(), all.length);
        bytes.position(bytes.limit());
        return taken;
    }
}
