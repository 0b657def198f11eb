package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The segments that a repair writes in the place of damaged ones. They are of the kind that garbage collection writes:
 * each set in them is its key's newest record. Records keep their versions. Closing it before it is {@link #published}
 * takes it back.
 *
 * <p>Belongs to one thread.
 */
final class RepairOutput implements AutoCloseable {

    static final ByteBuffer NO_VALUE = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private static final int BYTES_MAX = 64 * 1024 * 1024;

    private final Segments segments;
    private final long firstVersion;
    private final long liveAsOf;
    private final RandomGenerator random;
    private final ByteBuffer buffer = ByteBuffer.allocate(SegmentAppender.BUFFER_BYTES);
    private final List<Segment> finished = new ArrayList<>();

    private @Nullable StoreFile file;
    private @Nullable SegmentAppender appender;
    private @Nullable SegmentHeader header;
    private boolean published;

    /**
     * @param segments the store's segments
     * @param firstVersion no record has a lower version
     * @param liveAsOf no record of the store has a higher version
     * @param random makes salts
     */
    RepairOutput(Segments segments, long firstVersion, long liveAsOf, RandomGenerator random) {
        this.segments = segments;
        this.firstVersion = firstVersion;
        this.liveAsOf = liveAsOf;
        this.random = random;
    }

    /** Appends a record. */
    void append(FrameHeader record, ByteBuffer value) throws IOException {
        SegmentAppender open = appender;
        if (open != null && open.end() + record.frameBytes() + 2L * Mark.FRAME_BYTES > BYTES_MAX) {
            finishSegment();
            open = null;
        }
        if (open == null) {
            open = begin();
        }
        open.append(record, value);
    }

    /**
     * Makes all that was appended durable, and gives ids and then names out. The manifest does not list it yet.
     *
     * <p>Until then it has temporary names: a repair that was killed and is repeated writes over them.
     */
    List<Segment> finish() throws IOException {
        finishSegment();
        if (!finished.isEmpty()) {
            segments.giveOut(finished.get(finished.size() - 1).id());
        }
        for (Segment segment : finished) {
            segments.directory().publish(StoreFileNames.segment(segment.id()));
        }
        return List.copyOf(finished);
    }

    private SegmentAppender begin() throws IOException {
        StoreDirectory directory = segments.directory();
        SegmentHeader next = new SegmentHeader(
                SegmentHeader.Kind.REWRITTEN,
                segments.storeId(),
                segments.nextId(),
                firstVersion,
                liveAsOf,
                Previous.NONE,
                random.nextLong());
        String temporary = StoreFileNames.temporary(StoreFileNames.segment(next.segmentId()));
        directory.deleteIfExists(temporary);
        StoreFile created = SegmentAppender.create(directory, temporary, next);
        SegmentAppender begun = new SegmentAppender(directory, next, created, buffer);
        header = next;
        file = created;
        appender = begun;
        return begun;
    }

    private void finishSegment() throws IOException {
        SegmentHeader written = header;
        SegmentAppender open = appender;
        if (written == null || open == null) {
            return;
        }
        open.finish();
        closeFile();
        finished.add(Segment.sealed(written, segments.directory(), open.end()));
        appender = null;
        header = null;
    }

    /** The manifest lists the segments now, or may do so. */
    void published() {
        published = true;
    }

    private void closeFile() throws IOException {
        StoreFile open = file;
        file = null;
        if (open != null) {
            open.close();
        }
    }

    /** Takes back what is not {@link #published}. */
    @Override
    public void close() throws IOException {
        try {
            closeFile();
        } finally {
            if (!published) {
                SegmentHeader unfinished = header;
                if (unfinished != null) {
                    takeBack(unfinished.segmentId());
                }
                for (Segment segment : finished) {
                    takeBack(segment.id());
                }
            }
        }
    }

    private void takeBack(int id) throws IOException {
        String name = StoreFileNames.segment(id);
        segments.directory().deleteIfExists(StoreFileNames.temporary(name));
        segments.directory().deleteIfExists(name);
    }
}
