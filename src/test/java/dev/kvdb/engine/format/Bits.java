package dev.kvdb.engine.format;

import java.nio.ByteBuffer;
import java.util.function.IntConsumer;

/** Flips each bit of a buffer in turn, and back. */
final class Bits {

    private Bits() {}

    static void flipEach(ByteBuffer bytes, IntConsumer whileFlipped) {
        for (int bit = 0; bit < bytes.limit() * Byte.SIZE; bit++) {
            flip(bytes, bit);
            whileFlipped.accept(bit);
            flip(bytes, bit);
        }
    }

    private static void flip(ByteBuffer bytes, int bit) {
        bytes.put(bit / Byte.SIZE, (byte) (bytes.get(bit / Byte.SIZE) ^ 1 << bit % Byte.SIZE));
    }
}
