package dev.kvdb.engine.log;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameEncoder;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Appends frames to one segment file, with a mark at least each MiB. Frames are buffered until {@link #flush}. Until it
 * is {@linkplain #finish finished}, the file may have zeros behind what was appended.
 *
 * <p>Belongs to one thread. Does not own the file.
 */
public final class SegmentAppender {

    /** Bytes of the buffer that an appender needs. */
    public static final int BUFFER_BYTES = 256 * 1024;

    private static final int MARK_INTERVAL_BYTES = 1024 * 1024;

    /** Of the heap: a native executable holds it ready-made, which direct memory cannot be. */
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(64 * 1024).asReadOnlyBuffer();

    private final StoreDirectory directory;
    private final SegmentHeader header;
    private final StoreFile file;
    private final ByteBuffer buffer;
    private final FrameEncoder encoder;

    /** Bytes that are in the file, not only in the buffer. */
    private long flushedTo;

    /** Where the zeros end that the file was filled with ahead of what is appended; no more than that, without any. */
    private long zeroedTo;

    private long durableTo;

    /** Whether bytes were cut off that a crash may bring back. */
    private boolean cutUnsynced;

    private long markedTo;
    private long lastVersion;
    private @Nullable SyncFailedException syncFailure;

    /**
     * @param directory counts the bytes
     * @param header the segment's header, already in the file
     * @param file the segment's file
     * @param buffer of {@link #BUFFER_BYTES}, used by no one else meanwhile
     */
    public SegmentAppender(StoreDirectory directory, SegmentHeader header, StoreFile file, ByteBuffer buffer) {
        this.directory = directory;
        this.header = header;
        this.file = file;
        this.buffer = buffer.clear();
        this.encoder = new FrameEncoder(header.salt());
        this.flushedTo = SegmentHeader.BYTES;
        this.durableTo = SegmentHeader.BYTES;
        this.markedTo = 0;
        this.lastVersion = header.firstVersion() - 1;
    }

    /** Creates a segment file that holds its header only. Neither is durable yet. */
    public static StoreFile create(StoreDirectory directory, String name, SegmentHeader header) throws IOException {
        StoreFile file = directory.files().create(directory.file(name));
        try {
            directory.write(file, header.encode(), 0);
            return file;
        } catch (IOException e) {
            try {
                file.close();
            } catch (IOException another) {
                e.addSuppressed(another);
            }
            directory.discard(name, e);
            throw e;
        }
    }

    /** Where the next frame goes: all bytes so far, buffered ones included. */
    public long end() {
        return flushedTo + buffer.position();
    }

    /** Bytes that were appended and are not in the file yet. */
    long bufferedBytes() {
        return buffer.position();
    }

    /** The segment's file. */
    public StoreFile file() {
        return file;
    }

    /** Whether data follows the newest mark. */
    public boolean hasUnmarkedData() {
        return end() > markedTo;
    }

    /** Bytes of zeros that the file has behind what was appended: appending them does not lengthen it. */
    long zerosAhead() {
        return Math.max(0, zeroedTo - end());
    }

    /** The same, as if what is buffered were not appended. */
    long zerosBehindFile() {
        return Math.max(0, zeroedTo - flushedTo);
    }

    /** Whether all that was appended is durable. */
    public boolean isDurable() {
        return !cutUnsynced && isDurableToTheEnd();
    }

    /** Whether all bytes that are left of what was appended are durable, though a cut behind them may not be. */
    boolean isDurableToTheEnd() {
        return durableTo == end();
    }

    /** The highest version appended. */
    public long lastVersion() {
        return lastVersion;
    }

    /**
     * Appends the frame of a record that was read elsewhere.
     *
     * @param value the whole value, from its position to its limit; empty for a remove
     * @return the frame's location
     */
    public long append(FrameHeader record, ByteBuffer value) throws IOException {
        makeRoomForHeader();
        long offset = end();
        record.encode(buffer, header.salt());
        if (value.remaining() <= buffer.remaining()) {
            buffer.put(value);
        } else {
            flush();
            writeThrough(value);
        }
        return appended(record.version(), offset, record.frameBytes());
    }

    /**
     * Appends a set.
     *
     * @return the frame's location
     */
    public long appendSet(long version, long key, byte[] value) throws IOException {
        makeRoomForHeader();
        long offset = end();
        encoder.encodeSet(buffer, version, key, value);
        if (value.length <= buffer.remaining()) {
            buffer.put(value);
        } else {
            flush();
            writeThrough(ByteBuffer.wrap(value));
        }
        return appended(version, offset, FrameHeader.setBytes(value.length));
    }

    /**
     * Appends a remove.
     *
     * @return the frame's location
     */
    public long appendRemove(long version, long key) throws IOException {
        makeRoomForHeader();
        long offset = end();
        encoder.encodeRemove(buffer, version, key);
        return appended(version, offset, FrameHeader.REMOVE_BYTES);
    }

    private void makeRoomForHeader() throws IOException {
        if (end() - markedTo >= MARK_INTERVAL_BYTES) {
            mark();
        }
        if (buffer.remaining() < FrameHeader.BYTES_MAX) {
            flush();
        }
    }

    private long appended(long version, long offset, int frameBytes) {
        lastVersion = Math.max(lastVersion, version);
        return RecordLocation.of(header.segmentId(), offset, frameBytes);
    }

    /** Appends a mark. */
    public void mark() throws IOException {
        if (buffer.remaining() < Mark.FRAME_BYTES) {
            flush();
        }
        new Mark(header.storeId(), header.segmentId(), end(), durableTo, lastVersion).encode(buffer, header.salt());
        markedTo = end();
    }

    /** Writes what is buffered to the file. */
    public void flush() throws IOException {
        buffer.flip();
        if (buffer.hasRemaining()) {
            writeThrough(buffer);
        }
        buffer.clear();
    }

    private void writeThrough(ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        directory.write(file, bytes, flushedTo);
        flushedTo += count;
    }

    /**
     * Makes all that was appended durable.
     *
     * @throws SyncFailedException where the sync itself fails, or one before it did; nothing may be appended any more
     */
    public void sync() throws IOException {
        if (syncFailure != null) {
            throw syncFailure;
        }
        flush();
        try {
            directory.sync(file, StoreFileNames.segment(header.segmentId()));
        } catch (SyncFailedException e) {
            syncFailure = e;
            throw e;
        }
        durableTo = flushedTo;
        cutUnsynced = false;
    }

    /**
     * Flushes, and fills the file with more zeros behind what was appended, durable with the next sync: those that
     * follow, of what is written over the zeros, need not change the file's length nor where its bytes lie on the disk.
     *
     * @return false where there is no room for them; then all zeros are cut off again, and nothing else has failed
     */
    boolean zeroAhead(int bytes) throws IOException {
        flush();
        long from = Math.max(flushedTo, zeroedTo);
        long to = from + bytes;
        try {
            for (long at = from; at < to; at += ZEROS.capacity()) {
                directory.write(file, ZEROS.duplicate().limit((int) Math.min(ZEROS.capacity(), to - at)), at);
            }
        } catch (NoSpaceException e) {
            cutZeros();
            return false;
        }
        zeroedTo = to;
        return true;
    }

    private void cutZeros() throws IOException {
        cutUnsynced = true;
        file.truncate(flushedTo);
        zeroedTo = flushedTo;
    }

    /** Syncs, and ends the segment with a durable mark that says so; nothing is left behind it. */
    public void finish() throws IOException {
        if (!isDurable()) {
            sync();
        }
        if (hasUnmarkedData()) {
            mark();
            flush();
        }
        if (zerosAhead() > 0) {
            cutZeros();
        }
        if (!isDurable()) {
            sync();
        }
    }

    /** Forgets all that was appended past {@code offset}, in the file too. */
    public void cutBack(long offset) throws IOException {
        buffer.clear();
        flushedTo = Math.min(flushedTo, offset);
        zeroedTo = flushedTo;
        durableTo = Math.min(durableTo, offset);
        cutUnsynced = true;
        if (markedTo > offset) {
            // The newest mark is gone, and where the one before it was is not known.
            markedTo = 0;
        }
        file.truncate(offset);
    }
}
