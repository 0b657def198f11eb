package dev.kvdb.engine;

import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.log.RecordTable;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A segment put together frame by frame; see {@link ForgedStore}. */
final class ForgedSegment {

    private static final int BYTES_MAX = 256 * 1024;
    private static final int OP = 16;
    private static final byte UNKNOWN_KIND = 7;

    final SegmentHeader header;
    final RecordTable records = new RecordTable();
    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES_MAX);
    private long lastVersion;

    ForgedSegment(SegmentHeader header) {
        this.header = header;
        this.lastVersion = header.firstVersion() - 1;
        bytes.put(header.encode());
    }

    /** A set of a value of so many zeros. */
    ForgedSegment set(long version, long key, int valueBytes) {
        return frame(FrameHeader.ofSet(version, key, new byte[valueBytes]));
    }

    ForgedSegment remove(long version, long key) {
        return frame(FrameHeader.ofRemove(version, key));
    }

    /** A frame of any header, and a value of zeros. */
    ForgedSegment frame(FrameHeader frame) {
        if (frame.kind() != FrameHeader.Kind.MARK) {
            int valueBytes = frame.kind() == FrameHeader.Kind.REMOVE ? HintEntry.TOMBSTONE : frame.valueBytes();
            records.add(new HintEntry(frame.key(), frame.version(), end(), valueBytes));
        }
        lastVersion = Math.max(lastVersion, frame.version());
        frame.encode(bytes, header.salt());
        bytes.put(new byte[frame.valueBytes()]);
        return this;
    }

    /** A mark that says what is so. */
    ForgedSegment mark() {
        return mark(new Mark(header.storeId(), header.segmentId(), end(), end(), lastVersion));
    }

    /** Any mark. */
    ForgedSegment mark(Mark mark) {
        mark.encode(bytes, header.salt());
        return this;
    }

    /** Makes a set one of a kind that no build knows yet, in the bytes of a segment; it is as long as before. */
    static void changeKind(ByteBuffer segment, int offset, long salt) {
        segment.put(offset + OP, UNKNOWN_KIND);
        byte[] covered = new byte[Long.BYTES + FrameHeader.BYTES_MAX - Integer.BYTES];
        ByteBuffer.wrap(covered).putLong(salt);
        segment.get(offset + Integer.BYTES, covered, Long.BYTES, FrameHeader.BYTES_MAX - Integer.BYTES);
        segment.putInt(offset, Crc32c.of(covered));
    }

    /** Bytes so far, and where the next frame goes. */
    int end() {
        return bytes.position();
    }

    long lastVersion() {
        return lastVersion;
    }

    byte[] contents() {
        return Arrays.copyOf(bytes.array(), end());
    }

    /** What the next segment's header has to say of this one. */
    SegmentHeader.Previous asPrevious() {
        return new SegmentHeader.Previous(header.segmentId(), end(), lastVersion);
    }

    /** What a snapshot that covers the segment has to say of it. */
    CoveredSegment asCovered() {
        long tombstones = 0;
        long tombstoneVersionMax = 0;
        for (int row = 0; row < records.rows(); row++) {
            if (records.row(row).isTombstone()) {
                tombstones++;
                tombstoneVersionMax =
                        Math.max(tombstoneVersionMax, records.row(row).version());
            }
        }
        return new CoveredSegment(
                header.segmentId(), end(), records.rows() - tombstones, tombstones, tombstoneVersionMax);
    }

    /** The nth record's location, from 0. */
    long location(int nth) {
        return records.row(nth).location(header.segmentId());
    }
}
