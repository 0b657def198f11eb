package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.SegmentHeader;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a segment up to its end, read in the plainest way, without the engine's decoders: what a scan is held
 * against.
 *
 * @param bytes the file, which may go on past the end
 * @param end where the segment ends
 * @param header its header
 */
record PlainSegment(byte[] bytes, int end, SegmentHeader header) {

    private static final int SET = 0;
    private static final int REMOVE = 1;
    static final int MARK = 2;
    private static final int MARK_FRAME_BYTES = 65;
    private static final int VALUE_BYTES_MAX = (1 << 30) - 1;

    /**
     * A header whose checksum is right.
     *
     * @param op its op
     * @param valueBytes its size
     * @param bytes bytes of it and its value
     * @param valueIntact whether the value is all there and has its checksum
     */
    record Frame(int op, long version, long key, int valueBytes, long bytes, int valueCrc, boolean valueIntact) {

        boolean isKnown() {
            return op == SET || op == REMOVE || op == MARK;
        }

        boolean isRemove() {
            return op == REMOVE;
        }
    }

    /** The frame that begins at an offset; null where there is no header with its checksum. */
    @Nullable
    Frame frameAt(int at) {
        if (at + 25 > end) {
            return null;
        }
        int op = bytes[at + 16] & 0xFF;
        boolean sized = (op & 0x0F) != REMOVE;
        int headerBytes = (sized ? 33 : 25) + extensionBytes(op);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (at + headerBytes > end || buffer.getInt(at) != saltedChecksum(at + 4, headerBytes - 4)) {
            return null;
        }
        long size = sized ? buffer.getLong(at + 25) : 0;
        if (size < 0 || size > VALUE_BYTES_MAX) {
            return new Frame(op, 0, 0, 0, Long.MAX_VALUE, 0, false);
        }
        int valueCrc = buffer.getInt(at + 12);
        boolean complete = at + headerBytes + size <= end;
        return new Frame(
                op,
                buffer.getLong(at + 4),
                buffer.getLong(at + 17),
                (int) size,
                headerBytes + size,
                valueCrc,
                complete && checksum(new CRC32C(), at + headerBytes, (int) size) == valueCrc);
    }

    /** Whether a frame is whole and may be where it is, behind records of versions up to {@code lastVersion}. */
    boolean isInPlace(Frame frame, int at, long lastVersion) {
        if (frame.bytes() > end - at || !FrameHeader.isVersion(frame.version())) {
            return false;
        }
        if (frame.op() == MARK) {
            return frame.key() == at;
        }
        return header.kind() == SegmentHeader.Kind.REWRITTEN || frame.version() > lastVersion;
    }

    /** The first offset from one on at which there is an intact mark of this segment; -1 where there is none. */
    int markFrom(int from) {
        for (int at = from; at + MARK_FRAME_BYTES <= end; at++) {
            if (bytes[at + 16] == MARK && isMark(at)) {
                return at;
            }
        }
        return -1;
    }

    boolean isMark(int at) {
        Frame frame = frameAt(at);
        if (frame == null || frame.op() != MARK || frame.bytes() != MARK_FRAME_BYTES || !frame.valueIntact()) {
            return false;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return frame.key() == at
                && FrameHeader.isVersion(frame.version())
                && buffer.getLong(at + 33) == header.storeId().getMostSignificantBits()
                && buffer.getLong(at + 41) == header.storeId().getLeastSignificantBits()
                && buffer.getLong(at + 49) == header.segmentId()
                && durableTo(at) <= at;
    }

    /** What the mark at an offset says was durable. */
    long durableTo(int mark) {
        return ByteBuffer.wrap(bytes).getLong(mark + 57);
    }

    private static int extensionBytes(int op) {
        return ((op & 0x10) != 0 ? 8 : 0) + ((op & 0x20) != 0 ? 9 : 0) + ((op & 0x80) != 0 ? 16 : 0);
    }

    private int saltedChecksum(int from, int count) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(header.salt()).flip());
        return checksum(crc, from, count);
    }

    private int checksum(CRC32C crc, int from, int count) {
        crc.update(bytes, from, count);
        return (int) crc.getValue();
    }
}
