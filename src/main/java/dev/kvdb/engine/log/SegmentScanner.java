package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Reads a segment from front to back, frame by frame, and verifies each byte. It stops at bytes that are no frame; from
 * there it can only go on at a mark.
 *
 * <p>In an appended segment a record whose version is not above all before it is no frame either: it is left over from
 * a group that was taken back.
 *
 * <p>Belongs to one thread. Does not own the file.
 */
public final class SegmentScanner {

    private static final int WINDOW_BYTES = 256 * 1024;

    private final StoreFile file;
    private final String name;
    private final SegmentHeader segment;
    private final long end;
    private final ByteBuffer window;

    private long windowStart;
    private long offset;
    private long position = SegmentHeader.BYTES;
    private long lastVersion;
    private FrameHeader frame = FrameHeader.ofRemove(0, 0);
    private boolean valueIntact;

    /**
     * @param file the segment's file
     * @param name its path, for messages
     * @param segment its header
     * @param end where to stop, in bytes; at most the file's size
     */
    public SegmentScanner(StoreFile file, String name, SegmentHeader segment, long end) {
        this.file = file;
        this.name = name;
        this.segment = segment;
        this.end = end;
        this.window = ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, Math.max(end, 1)))
                .limit(0);
        this.lastVersion = segment.firstVersion() - 1;
    }

    /** Moves to the next frame. False at the end, and where the bytes at {@link #position} are no frame. */
    public boolean next() throws IOException {
        if (!load(position, FrameHeader.DECODE_BYTES_MAX) && window.limit() == 0) {
            return false;
        }
        Optional<FrameHeader> header = FrameHeader.decode(window, (int) (position - windowStart), segment.salt(), name);
        if (header.isEmpty() || position + header.get().frameBytes() > end || !isInPlace(header.get())) {
            return false;
        }
        frame = header.get();
        offset = position;
        valueIntact = checksumOf(offset + frame.headerBytes(), frame.valueBytes()) == frame.valueCrc();
        position += frame.frameBytes();
        lastVersion = Math.max(lastVersion, frame.version());
        return true;
    }

    /** The frame that {@link #next} moved to. */
    public FrameHeader frame() {
        return frame;
    }

    /** Where that frame begins. */
    public long offset() {
        return offset;
    }

    /** Whether that frame's value has its checksum. */
    public boolean valueIntact() {
        return valueIntact;
    }

    /** That frame as a mark; empty where it is a record, or no mark of this segment. */
    public Optional<Mark> mark() throws IOException {
        return frame.kind() == FrameHeader.Kind.MARK ? markAt(offset) : Optional.empty();
    }

    /** Where the next frame begins, or where {@link #next} found none. */
    public long position() {
        return position;
    }

    /** The highest version seen. */
    public long lastVersion() {
        return lastVersion;
    }

    /** Whether all was read. */
    public boolean atEnd() {
        return position >= end;
    }

    /** Goes on at an offset where a mark is known to be. */
    public void resumeAt(long markOffset) {
        position = markOffset;
    }

    /** Searches for the first intact mark at or after an offset, wherever frames begin. */
    public Optional<Mark> findMark(long from) throws IOException {
        for (long at = from; at + Mark.FRAME_BYTES <= end; at++) {
            Optional<Mark> mark = markAt(at);
            if (mark.isPresent()) {
                return mark;
            }
        }
        return Optional.empty();
    }

    private Optional<Mark> markAt(long at) throws IOException {
        return load(at, Mark.FRAME_BYTES)
                ? Mark.decode(window, (int) (at - windowStart), segment, at)
                : Optional.empty();
    }

    private boolean isInPlace(FrameHeader header) {
        if (!FrameHeader.isVersion(header.version())) {
            return false;
        }
        if (header.kind() == FrameHeader.Kind.MARK) {
            return header.key() == position;
        }
        return segment.kind() == SegmentHeader.Kind.REWRITTEN || header.version() > lastVersion;
    }

    private int checksumOf(long from, int bytes) throws IOException {
        CRC32C crc = new CRC32C();
        long at = from;
        for (int left = bytes; left > 0; ) {
            int part = Math.min(left, window.capacity());
            if (!load(at, part)) {
                return ~(int) crc.getValue();
            }
            int start = (int) (at - windowStart);
            part = Math.min(left, window.limit() - start);
            crc.update(window.array(), start, part);
            at += part;
            left -= part;
        }
        return (int) crc.getValue();
    }

    /** Brings bytes into the window. False where there are fewer before the end; those there are are in the window. */
    private boolean load(long from, int bytes) throws IOException {
        if (from < windowStart || from + bytes > windowStart + window.limit()) {
            windowStart = from;
            window.clear().limit((int) Math.min(window.capacity(), Math.max(0, end - from)));
            file.read(window, from);
            window.flip();
        }
        return from + bytes <= windowStart + window.limit();
    }
}
