package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Brings the log's end in order after a crash. The segment that was appended to is sealed where it was last known to be
 * durable; what follows is written to a new segment and synced, since the page cache may look clean and not be so; what
 * is torn is copied aside. One swap of the manifest makes all of that so, or none. The sealed segment's file stays as
 * it is, with what follows behind its length, zeros ahead of the log among it: no sealed file is written to.
 *
 * <p>Where damage before the durable point hides keys, nothing is written.
 *
 * @param contents what the segments that it dealt with hold, by id
 * @param clean whether there was nothing to do: the store had been closed properly
 * @param lastVersion the highest version seen, 0 where there was nothing to do
 * @param tornBytes bytes set aside
 */
record TailRecovery(Map<Integer, SegmentContents> contents, boolean clean, long lastVersion, long tornBytes) {

    private static final Logger LOG = System.getLogger(TailRecovery.class.getName());

    /**
     * The next version skips so many, since a client may have seen versions of writes that were acknowledged without a
     * sync and are lost: no segment holds more records. The swap that seals the tail says so, and not the open that
     * made it: the one after it finds the store clean, and may be the first to write.
     */
    static final long VERSIONS_LOST_MAX = RecordLocation.OFFSET_MAX / FrameHeader.REMOVE_BYTES;

    private static final int TORN_FILES_MAX = 4;

    private static final int COPY_BYTES = 256 * 1024;

    /** Brings the log's end in order. {@code segments} are all that the manifest lists. */
    static TailRecovery run(Segments segments, Manifest manifest, RandomGenerator random) throws IOException {
        for (Manifest.SegmentEntry entry : manifest.segments()) {
            Segment segment = segments.find(entry.id());
            if (!entry.sealed() && segment != null) {
                return run(segments, manifest, segment, random);
            }
        }
        return new TailRecovery(Map.of(), true, 0, 0);
    }

    private static TailRecovery run(Segments segments, Manifest manifest, Segment tail, RandomGenerator random)
            throws IOException {
        Segment pinned = segments.pin(tail.id());
        if (pinned == null) {
            throw new IllegalStateException("segment " + tail.id() + " is gone while the store is opened");
        }
        try {
            TailScan scan = TailScan.scan(tail.file(), tail);
            Map<Integer, SegmentContents> contents = new HashMap<>();
            if (scan.hidden().isEmpty()) {
                new StrayFiles(segments.directory(), manifest).makeRoomForCopyOf(tail);
                setTornBytesAside(segments.directory(), tail, scan);
                rewrite(segments, tail, scan, random, contents);
            } else {
                for (int row = 0; row < scan.recovered().rows(); row++) {
                    scan.durable().add(scan.recovered().row(row));
                }
                contents.put(tail.id(), scan.contents());
            }
            return new TailRecovery(contents, false, scan.lastVersion(), scan.tornBytes());
        } finally {
            tail.unpin();
        }
    }

    private static void rewrite(
            Segments segments,
            Segment tail,
            TailScan scan,
            RandomGenerator random,
            Map<Integer, SegmentContents> contents)
            throws IOException {
        Segments.Change change = new Segments.Change();
        if (scan.durable().rows() == 0) {
            change.remove(List.of(tail));
        } else {
            change.seal(tail, scan.durableTo());
            contents.put(tail.id(), scan.contents());
        }
        if (scan.recovered().rows() > 0) {
            RecordTable records = new RecordTable();
            Segment copy = copy(segments, tail, scan, random.nextLong(), records);
            change.add(copy);
            contents.put(copy.id(), new SegmentContents(records, List.of(), 0));
        }
        segments.change(change, scan.lastVersion() + 1 + VERSIONS_LOST_MAX);
        if (scan.durable().rows() == 0) {
            segments.directory().deleteIfExists(StoreFileNames.segment(tail.id()));
            segments.directory().sync();
        }
        LOG.log(
                Level.INFO,
                "the log was not closed properly: " + scan.durable().rows() + " records of " + tail.path()
                        + " were durable, " + scan.recovered().rows() + " more were recovered");
    }

    private static Segment copy(Segments segments, Segment tail, TailScan scan, long salt, RecordTable copied)
            throws IOException {
        StoreDirectory directory = segments.directory();
        SegmentHeader header = new SegmentHeader(
                SegmentHeader.Kind.APPENDED,
                segments.storeId(),
                segments.nextId(),
                scan.recovered().row(0).version(),
                0,
                new Previous(
                        tail.id(), scan.durableTo(), scan.recovered().row(0).version() - 1),
                salt);
        String name = StoreFileNames.segment(header.segmentId());
        long end;
        try (StoreFile file = SegmentAppender.create(directory, StoreFileNames.temporary(name), header)) {
            SegmentAppender appender =
                    new SegmentAppender(directory, header, file, ByteBuffer.allocate(SegmentAppender.BUFFER_BYTES));
            StoreFile source = new ReadAhead(tail.file());
            for (int row = 0; row < scan.recovered().rows(); row++) {
                HintEntry record = scan.recovered().row(row);
                SegmentReads.StoredRecord stored =
                        SegmentReads.read(source, tail, record.location(tail.id()), record.key());
                long location = appender.append(stored.header(), stored.value());
                copied.add(new HintEntry(
                        record.key(), record.version(), RecordLocation.offset(location), record.valueBytes()));
            }
            appender.finish();
            end = appender.end();
        }
        segments.giveOut(header.segmentId());
        directory.publish(name);
        return Segment.sealed(header, directory, end);
    }

    private static void setTornBytesAside(StoreDirectory directory, Segment tail, TailScan scan) throws IOException {
        long bytes = scan.tornBytes();
        if (bytes == 0) {
            return;
        }
        String name = StoreFileNames.torn(tail.id());
        directory.deleteIfExists(name);
        try {
            copyTornBytes(directory, tail, scan, name);
        } catch (NoSpaceException e) {
            directory.deleteIfExists(name);
            LOG.log(Level.WARNING, "no room to keep the torn end of " + tail.path() + ": " + e.getMessage());
            return;
        }
        LOG.log(
                Level.WARNING,
                "the last " + bytes + " bytes of " + tail.path() + ", from offset " + scan.end()
                        + ", are torn by a crash and were never acknowledged as durable; a copy is in "
                        + directory.file(name));
        List<String> names = new ArrayList<>();
        for (String other : directory.files().list(directory.path())) {
            if (StoreFileNames.isTorn(other)) {
                names.add(other);
            }
        }
        for (String oldest : names.subList(0, Math.max(0, names.size() - TORN_FILES_MAX))) {
            directory.deleteIfExists(oldest);
        }
    }

    private static void copyTornBytes(StoreDirectory directory, Segment tail, TailScan scan, String name)
            throws IOException {
        long bytes = scan.tornBytes();
        try (StoreFile torn = directory.files().create(directory.file(name))) {
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(COPY_BYTES, bytes));
            for (long done = 0; done < bytes; done += buffer.limit()) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), bytes - done));
                tail.file().read(buffer, scan.end() + done);
                directory.write(torn, buffer.flip(), done);
            }
            torn.sync();
        }
    }
}
