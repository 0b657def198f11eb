package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/** A directory in memory with segments in it. */
final class LogFixture {

    static final UUID STORE = new UUID(11, 22);

    final CrashingFileSystem disk = new CrashingFileSystem();
    final FailingFileSystem files = new FailingFileSystem(disk);
    final StoreDirectory directory = new StoreDirectory(files, disk.root());

    Segments segments(int openFilesMax) {
        return new Segments(directory, new Manifest(STORE, 1, 1, List.of()), openFilesMax);
    }

    Manifest manifest() throws IOException {
        return Manifest.decode(directory.read(StoreFileNames.MANIFEST, 1 << 20), "MANIFEST");
    }

    static SegmentHeader header(SegmentHeader.Kind kind, int id, long firstVersion) {
        return new SegmentHeader(kind, STORE, id, firstVersion, 0, Previous.NONE, 0x5A17L * id);
    }

    /** A new segment file and what appends to it. */
    SegmentAppender appender(SegmentHeader header) throws IOException {
        StoreFile file = SegmentAppender.create(directory, StoreFileNames.segment(header.segmentId()), header);
        return new SegmentAppender(directory, header, file, ByteBuffer.allocate(SegmentAppender.BUFFER_BYTES));
    }

    /** A sealed segment with a set of each of the keys 0 to {@code records} - 1, versions from 1 on. */
    Segment sealed(int id, int records, int valueBytes) throws IOException {
        SegmentHeader header = header(SegmentHeader.Kind.APPENDED, id, 1);
        SegmentAppender appender = appender(header);
        for (int key = 0; key < records; key++) {
            if (key % 3 == 0) {
                appender.mark();
            }
            set(appender, key + 1, key, valueBytes);
        }
        appender.finish();
        appender.file().close();
        directory.sync();
        return Segment.sealed(header, directory, appender.end());
    }

    static long set(SegmentAppender appender, long version, long key, int valueBytes) throws IOException {
        byte[] value = value(key, valueBytes);
        return appender.append(FrameHeader.ofSet(version, key, value), ByteBuffer.wrap(value));
    }

    static byte[] value(long key, int bytes) {
        byte[] value = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            value[i] = (byte) (key + i);
        }
        return value;
    }
}
