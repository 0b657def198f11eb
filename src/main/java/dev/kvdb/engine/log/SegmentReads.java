package dev.kvdb.engine.log;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads single records, with one disk access each, and verifies all that can be: header and value checksums, and the
 * key.
 */
public final class SegmentReads {

    private SegmentReads() {}

    /**
     * A record as it was read.
     *
     * @param header its header
     * @param value its value, from position to limit
     */
    public record StoredRecord(FrameHeader header, ByteBuffer value) {}

    /**
     * Reads the set at a location, as {@link #read} does.
     *
     * @throws DamageException also where the key's record there is a tombstone, which no index points at
     */
    public static StoredRecord readSet(Segment segment, long location, long key) {
        StoredRecord record = read(segment, location, key);
        if (record.header().kind() != FrameHeader.Kind.SET) {
            throw new DamageException(
                    segment.path(), RecordLocation.offset(location), "a value of key " + key, "its tombstone");
        }
        return record;
    }

    /**
     * Reads the record at a location. The caller has the segment pinned.
     *
     * @throws DamageException where the bytes there are not that key's intact record
     * @throws StoreIoException where the operating system fails the read
     */
    public static StoredRecord read(Segment segment, long location, long key) {
        int offset = RecordLocation.offset(location);
        ByteBuffer bytes = ByteBuffer.allocate(RecordLocation.frameBytesAtLeast(location));
        try {
            segment.file().read(bytes, offset);
        } catch (IOException e) {
            throw new StoreIoException("read " + bytes.limit() + " bytes at " + offset + " of", segment.path(), e);
        }
        bytes.flip();
        FrameHeader header = FrameHeader.decode(bytes, 0, segment.header().salt(), segment.path())
                .orElseThrow(() -> new DamageException(
                        segment.path(),
                        offset,
                        "the intact header of a record of key " + key,
                        "bytes that fail their checksum"));
        if (header.key() != key || header.kind() == FrameHeader.Kind.MARK) {
            throw new DamageException(
                    segment.path(), offset, "a record of key " + key, header.kind() + " of key " + header.key());
        }
        int valueOffset = header.headerBytes();
        if (header.frameBytes() > bytes.limit()) {
            throw new DamageException(
                    segment.path(), offset, "a value of " + header.valueBytes() + " bytes", "the end of the file");
        }
        int valueCrc = Crc32c.of(bytes, valueOffset, header.valueBytes());
        if (valueCrc != header.valueCrc()) {
            throw new DamageException(
                    segment.path(),
                    offset + (long) valueOffset,
                    "a value with checksum " + Integer.toHexString(header.valueCrc()),
                    Integer.toHexString(valueCrc));
        }
        return new StoredRecord(header, bytes.position(valueOffset).limit(header.frameBytes()));
    }
}
