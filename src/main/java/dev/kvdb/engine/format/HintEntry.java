package dev.kvdb.engine.format;

import java.nio.ByteBuffer;

/**
 * One record of a segment, as a hint file lists it.
 *
 * <pre>
 *   0     8         16       20           24
 *  +-----+---------+--------+------------+
 *  | key | version | offset | value size |     value size -1: a tombstone
 *  +-----+---------+--------+------------+
 * </pre>
 *
 * @param key the key
 * @param version the version of the write
 * @param offset where the record's frame lies in the segment, in bytes
 * @param valueBytes bytes of the value; {@link #TOMBSTONE} where the record removes the key
 */
public record HintEntry(long key, long version, int offset, int valueBytes) {

    /** Bytes of an entry. */
    public static final int BYTES = 24;

    /** Stands for a tombstone in {@link #valueBytes}. */
    public static final int TOMBSTONE = -1;

    /** Whether the record removes the key. */
    public boolean isTombstone() {
        return valueBytes == TOMBSTONE;
    }

    /** Bytes of the record's frame. */
    public int frameBytes() {
        return isTombstone() ? FrameHeader.REMOVE_BYTES : FrameHeader.setBytes(valueBytes);
    }

    /** The record's location in the segment. */
    public long location(int segmentId) {
        return RecordLocation.of(segmentId, offset, frameBytes());
    }

    /** Whether such a record may be in a segment of that length: its version, size and place are possible. */
    public boolean fitsInto(long segmentLength) {
        return FrameHeader.isVersion(version)
                && valueBytes >= TOMBSTONE
                && valueBytes <= FrameHeader.VALUE_BYTES_MAX
                && offset >= SegmentHeader.BYTES
                && offset <= segmentLength - frameBytes();
    }

    /** Whether another entry may come behind this one, by ascending key, then version. */
    public boolean mayPrecede(HintEntry next) {
        return key != next.key ? key < next.key : version <= next.version;
    }

    /** Appends the entry to {@code target}. */
    public void encode(ByteBuffer target) {
        target.putLong(key).putLong(version).putInt(offset).putInt(valueBytes);
    }

    /** Takes an entry from {@code source}. */
    public static HintEntry decode(ByteBuffer source) {
        return new HintEntry(source.getLong(), source.getLong(), source.getInt(), source.getInt());
    }
}
