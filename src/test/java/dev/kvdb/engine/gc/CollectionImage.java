package dev.kvdb.engine.gc;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.testkit.CrashingFileSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Two segments for {@link CollectionOperations}, made once: one to collect, which holds the first value of each key,
 * and one with a record of every value that is written.
 */
final class CollectionImage {

    static final int KEYS = 2;
    static final int VALUE_MAX = 2;

    /** What each key has before anything is written; no write has it. */
    static final int FIRST_VALUE = VALUE_MAX + 1;

    static final int WRITTEN_SEGMENT = 2;

    static final long LAST_VERSION = version(KEYS - 1, FIRST_VALUE);

    private static final UUID STORE = new UUID(11, 22);

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final StoreDirectory directory = new StoreDirectory(disk, disk.root());
    private final long[][] locations = new long[KEYS][FIRST_VALUE + 1];
    private final List<Segment> made = new ArrayList<>();

    private CollectionImage() {}

    static CollectionImage make() {
        CollectionImage image = new CollectionImage();
        try {
            image.makeSegment(1, FIRST_VALUE, FIRST_VALUE);
            image.makeSegment(WRITTEN_SEGMENT, 1, VALUE_MAX);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return image;
    }

    private void makeSegment(int id, int firstValue, int lastValue) throws IOException {
        SegmentHeader header = new SegmentHeader(
                SegmentHeader.Kind.APPENDED, STORE, id, 1, 0, SegmentHeader.Previous.NONE, 0x5A17L * id);
        StoreFile file = SegmentAppender.create(directory, StoreFileNames.segment(id), header);
        SegmentAppender appender =
                new SegmentAppender(directory, header, file, ByteBuffer.allocate(SegmentAppender.BUFFER_BYTES));
        for (int value = firstValue; value <= lastValue; value++) {
            for (int key = 0; key < KEYS; key++) {
                byte[] bytes = {(byte) value};
                locations[key][value] =
                        appender.append(FrameHeader.ofSet(version(key, value), key, bytes), ByteBuffer.wrap(bytes));
            }
        }
        appender.finish();
        Segment segment = Segment.sealed(header, directory, appender.end());
        HintFile.write(directory, segment, SegmentContents.scan(file, segment).records());
        file.close();
        made.add(segment);
    }

    /** The version of the record of a key and a value. */
    static long version(int key, int value) {
        return (long) value * KEYS + key;
    }

    /** Where the record of a key and a value is. */
    long location(int key, int value) {
        return locations[key][value];
    }

    /** The two segments on a disk of their own, with room for one open file. */
    Segments segments() {
        CrashingFileSystem copy = disk.copy();
        StoreDirectory copied = new StoreDirectory(copy, copy.root());
        Segments segments = new Segments(copied, new Manifest(STORE, LAST_VERSION + 1, 3, List.of()), 1);
        for (Segment segment : made) {
            segments.adopt(Segment.sealed(segment.header(), copied, segment.length()));
        }
        return segments;
    }
}
