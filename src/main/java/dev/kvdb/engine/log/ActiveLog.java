package dev.kvdb.engine.log;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The end of the log: appends groups of records to the newest segment, and rolls to a new one where it is full. There
 * is no segment to append to until the first write after an open, a seal, or a failure to make one.
 *
 * <p>A group never spans two segments, so that one which fails can be cut off as a whole.
 *
 * <p>Belongs to the committer thread.
 */
public final class ActiveLog {

    private final Segments segments;
    private final RandomGenerator random;
    private final int segmentBytesMax;
    private final Consumer<Segment> whenSealed;
    private final ZerosAhead zeros;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(SegmentAppender.BUFFER_BYTES);

    private @Nullable Segment segment;
    private @Nullable SegmentAppender appender;
    private long groupStart;

    /**
     * @param segments where new segments are added
     * @param random makes their salts
     * @param segmentBytesMax a segment is sealed before it would grow past this
     * @param zeroBytesMax bytes of disk space that zeros ahead of the log may take at this moment; 0 where groups are
     *     not synced one by one
     * @param whenSealed told of each segment that was sealed, in this thread
     */
    public ActiveLog(
            Segments segments,
            RandomGenerator random,
            int segmentBytesMax,
            LongSupplier zeroBytesMax,
            Consumer<Segment> whenSealed) {
        this.segments = segments;
        this.random = random;
        this.segmentBytesMax = segmentBytesMax;
        this.zeros = new ZerosAhead(segmentBytesMax, zeroBytesMax);
        this.whenSealed = whenSealed;
    }

    /** Whether a frame of so many bytes can be appended without a roll. */
    public boolean fits(int frameBytes) {
        return appender != null && appender.end() + frameBytes + 2L * Mark.FRAME_BYTES <= segmentBytesMax;
    }

    /**
     * Begins a group whose first frame has {@code frameBytes} bytes: rolls where it does not fit, and marks what is
     * durable.
     *
     * @param nextVersion a version that no write has yet
     * @throws StoreIoException where no new segment could be made, for a reason that leaves no doubt about what is on
     *     disk: the log is as it was, and the next group may try again
     */
    public void begin(int frameBytes, long nextVersion) throws IOException {
        if (!fits(frameBytes)) {
            roll(nextVersion);
        }
        SegmentAppender open = appender();
        groupStart = open.end();
        if (open.isDurableToTheEnd() && open.hasUnmarkedData()) {
            open.mark();
        }
    }

    /** Bytes by which the file will grow when what was appended, and so many bytes more, is in it. */
    public long growthBytes(int moreBytes) {
        SegmentAppender open = appender;
        return open == null ? moreBytes : Math.max(0, open.bufferedBytes() + moreBytes - open.zerosBehindFile());
    }

    /** Appends a set to the group, and answers its location. The caller has checked that it {@link #fits}. */
    public long appendSet(long version, long key, byte[] value) throws IOException {
        return appender().appendSet(version, key, value);
    }

    /** Appends a remove to the group, and answers its location. The caller has checked that it {@link #fits}. */
    public long appendRemove(long version, long key) throws IOException {
        return appender().appendRemove(version, key);
    }

    /** Hands the group to the operating system: the records can be read from now on. */
    public void flush() throws IOException {
        SegmentAppender open = appender();
        open.flush();
        zeros.groupWritten(open, open.end() - groupStart);
    }

    /** Makes all groups durable. Does nothing where they are. */
    public void sync() throws IOException {
        if (appender != null && !appender.isDurable()) {
            appender.sync();
        }
    }

    /** Whether all groups are durable. */
    public boolean isDurable() {
        return appender == null || appender.isDurable();
    }

    /** The file that is appended to, or the directory that it will be made in. */
    public String path() {
        Segment open = segment;
        return open == null ? segments.directory().path().toString() : open.path();
    }

    /** The group is applied. */
    public void end() {
        if (segment != null && appender != null) {
            segment.lengthen(appender.end());
        }
    }

    /** Takes the group back, after a failed append; not after a failed sync. */
    public void rollBack() throws IOException {
        if (appender != null) {
            appender.cutBack(groupStart);
        }
    }

    /** The log has been idle: ends it with a mark, so that what was acknowledged can be told from a torn group. */
    public void markIdle(boolean durable) throws IOException {
        SegmentAppender open = appender;
        if (open != null && open.hasUnmarkedData()) {
            groupStart = open.end();
            open.mark();
            open.flush();
            if (durable) {
                open.sync();
            }
            end();
        }
    }

    /** Whether {@link #markIdle} has something to do. */
    public boolean hasUnmarkedData() {
        return appender != null && appender.hasUnmarkedData();
    }

    /**
     * Seals the segment that is appended to, if any: the next group goes to a new one.
     *
     * @throws StoreIoException as for {@link #begin}: the segment is whole, synced, and still appended to
     */
    public void seal(long nextVersion) throws IOException {
        Segment full = segment;
        if (full != null) {
            SegmentAppender open = appender();
            groupStart = open.end();
            open.finish();
            try {
                segments.change(new Segments.Change().seal(full, open.end()), nextVersion);
            } catch (IOException e) {
                throw unchanged("seal", full.path(), e);
            }
            segment = null;
            appender = null;
            whenSealed.accept(full);
        }
    }

    private void roll(long nextVersion) throws IOException {
        Segment full = segment;
        SegmentAppender open = appender;
        Segments.Change change = new Segments.Change();
        if (full != null && open != null) {
            groupStart = open.end();
            open.finish();
            change.seal(full, open.end());
        }
        SegmentHeader header = new SegmentHeader(
                SegmentHeader.Kind.APPENDED,
                segments.storeId(),
                segments.nextId(),
                nextVersion,
                0,
                previous(nextVersion, change),
                random.nextLong());
        Segment next;
        try {
            next = create(header, change, nextVersion);
        } catch (IOException e) {
            String name = StoreFileNames.segment(header.segmentId());
            giveBack(header.segmentId(), name, e);
            throw unchanged("make", segments.directory().file(name).toString(), e);
        }
        segment = next;
        appender = new SegmentAppender(segments.directory(), header, next.file(), buffer);
        zeros.segmentBegun();
        if (full != null) {
            whenSealed.accept(full);
        }
    }

    private Segment create(SegmentHeader header, Segments.Change change, long nextVersion) throws IOException {
        StoreDirectory directory = segments.directory();
        String name = StoreFileNames.segment(header.segmentId());
        StoreFile file = SegmentAppender.create(directory, name, header);
        Segment next = Segment.active(header, directory, file);
        try {
            directory.sync(file, name);
            directory.sync();
            segments.change(change.add(next), nextVersion);
            return next;
        } catch (UncertainManifestException e) {
            next.retire();
            throw e;
        } catch (IOException e) {
            next.retire();
            directory.discard(name, e);
            throw e;
        }
    }

    /**
     * What to throw where the set of segments was not changed: only that, unless there is more to it than a refusal.
     */
    private static IOException unchanged(String operation, String file, IOException failure) {
        if (failure instanceof NoSpaceException || leavesDoubt(failure)) {
            return failure;
        }
        throw new StoreIoException(operation, file, failure);
    }

    /** Whether it is unknown now what is on disk. */
    private static boolean leavesDoubt(IOException failure) {
        return failure instanceof SyncFailedException || failure instanceof UncertainManifestException;
    }

    /**
     * Has the id of a segment that was not made given out again: ids are finite, and clients try again for as long as
     * none can be made. What a crash leaves of the file has no record, since it was not listed, and the next one's name
     * is synced before it is. A file that is there all the same (it could not be deleted, or is somebody else's) would
     * be in the way of each later attempt: its id is used up.
     */
    private void giveBack(int id, String name, IOException failure) {
        StoreDirectory directory = segments.directory();
        try {
            if (!leavesDoubt(failure) && !directory.files().exists(directory.file(name))) {
                segments.giveBack(id);
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** The appended segment before the one to be made, as the change seals it. */
    private Previous previous(long nextVersion, Segments.Change change) {
        Previous previous = Previous.NONE;
        for (Segment earlier : segments.all()) {
            if (earlier.header().kind() == SegmentHeader.Kind.APPENDED) {
                previous = new Previous(earlier.id(), change.lengthOf(earlier), nextVersion - 1);
            }
        }
        return previous;
    }

    private SegmentAppender appender() {
        if (appender == null) {
            throw new IllegalStateException("append outside of a group");
        }
        return appender;
    }
}
