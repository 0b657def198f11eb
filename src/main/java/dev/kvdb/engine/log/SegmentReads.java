package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads single records, with one disk access each, and verifies all that can be: header and value checksums, and the
 * key. What is longer than a {@linkplain ReadBuffers buffer} is read in such parts, one after another.
 */
public final class SegmentReads {

    private SegmentReads() {}

    /**
     * A record as it was read.
     *
     * @param header its header
     * @param bytes its value, which is the caller's own
     */
    public record StoredRecord(FrameHeader header, byte[] bytes) {

        /** The value, from position to limit. */
        public ByteBuffer value() {
            return ByteBuffer.wrap(bytes);
        }
    }

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
        return read(segment.file(), segment, location, key);
    }

    /** The same off {@code file}, which gives what the segment's own file gives. */
    public static StoredRecord read(StoreFile file, Segment segment, long location, long key) {
        int offset = RecordLocation.offset(location);
        int frameBytesMax = RecordLocation.frameBytesAtLeast(location);
        ReadBuffers buffers = segment.readBuffers();
        ByteBuffer buffer = buffers.take(frameBytesMax);
        try {
            fill(buffer, file, segment, offset);
            FrameHeader header = header(buffer, segment, offset, key);
            if (header.frameBytes() > frameBytesMax) {
                throw tooShort(segment, offset, header);
            }
            byte[] value = value(buffer, file, segment, offset, header);
            int valueCrc = Crc32c.of(value);
            if (valueCrc != header.valueCrc()) {
                throw new DamageException(
                        segment.path(),
                        offset + (long) header.headerBytes(),
                        "a value with checksum " + Integer.toHexString(header.valueCrc()),
                        Integer.toHexString(valueCrc));
            }
            return new StoredRecord(header, value);
        } finally {
            buffers.giveBack(buffer);
        }
    }

    private static FrameHeader header(ByteBuffer buffer, Segment segment, int offset, long key) {
        FrameHeader header = FrameHeader.decode(buffer, 0, segment.header().salt(), segment.path())
                .orElse(null);
        if (header == null) {
            throw new DamageException(
                    segment.path(),
                    offset,
                    "the intact header of a record of key " + key,
                    "bytes that fail their checksum");
        }
        if (header.key() != key || header.kind() == FrameHeader.Kind.MARK) {
            throw new DamageException(
                    segment.path(), offset, "a record of key " + key, header.kind() + " of key " + header.key());
        }
        return header;
    }

    /** Copies the value out of the buffer, which holds the frame's first part, and reads what is left of it. */
    private static byte[] value(ByteBuffer buffer, StoreFile file, Segment segment, int offset, FrameHeader header) {
        byte[] value = new byte[header.valueBytes()];
        buffer.position(header.headerBytes());
        int copied = 0;
        while (true) {
            int count = Math.min(buffer.remaining(), value.length - copied);
            buffer.get(value, copied, count);
            copied += count;
            if (copied == value.length) {
                return value;
            }
            buffer.clear().limit(Math.min(buffer.capacity(), value.length - copied));
            fill(buffer, file, segment, offset + (long) header.headerBytes() + copied);
            if (!buffer.hasRemaining()) {
                throw tooShort(segment, offset, header);
            }
        }
    }

    private static void fill(ByteBuffer buffer, StoreFile file, Segment segment, long position) {
        try {
            file.read(buffer, position);
        } catch (IOException e) {
            throw new StoreIoException("read " + buffer.limit() + " bytes at " + position + " of", segment.path(), e);
        }
        buffer.flip();
    }

    private static DamageException tooShort(Segment segment, int offset, FrameHeader header) {
        return new DamageException(
                segment.path(), offset, "a value of " + header.valueBytes() + " bytes", "the end of the file");
    }
}
