package dev.kvdb.engine.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Encodes the headers of one segment's records as {@link FrameHeader} lays them out, without an object for each. The
 * salt stands before the bytes that {@code headerCrc} covers, so that one pass makes the seeded checksum.
 *
 * <p>Belongs to one thread.
 */
public final class FrameEncoder {

    /** Where what is behind {@code headerCrc} goes. */
    private static final int START = Long.BYTES;

    /** Added to an offset in the frame, gives that in the scratch bytes. */
    private static final int SHIFT = START - FrameHeader.VERSION;

    private final byte[] scratch = new byte[FrameHeader.BYTES_MAX + SHIFT];
    private final ByteBuffer fields = ByteBuffer.wrap(scratch);
    private final CRC32C crc = new CRC32C();

    /** @param salt the segment's */
    public FrameEncoder(long salt) {
        fields.putLong(0, salt);
    }

    /** Appends the header of a set to {@code target}. */
    public void encodeSet(ByteBuffer target, long version, long key, byte[] value) {
        crc.reset();
        crc.update(value, 0, value.length);
        fields.putLong(FrameHeader.SIZE + SHIFT, value.length);
        encode(target, version, (int) crc.getValue(), (byte) Op.SET, key, FrameHeader.BYTES_MAX);
    }

    /** Appends the frame of a remove to {@code target}. */
    public void encodeRemove(ByteBuffer target, long version, long key) {
        encode(target, version, 0, (byte) Op.REMOVE, key, FrameHeader.REMOVE_BYTES);
    }

    private void encode(ByteBuffer target, long version, int valueCrc, byte op, long key, int headerBytes) {
        fields.putLong(START, version)
                .putInt(FrameHeader.VALUE_CRC + SHIFT, valueCrc)
                .put(FrameHeader.OP + SHIFT, op)
                .putLong(FrameHeader.KEY + SHIFT, key);
        crc.reset();
        crc.update(scratch, 0, headerBytes + SHIFT);
        target.putInt((int) crc.getValue()).put(scratch, START, headerBytes - FrameHeader.VERSION);
    }
}
