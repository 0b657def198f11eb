package dev.kvdb.engine;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.LeafHeader;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.log.BlockWriter;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.SnapshotBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A store whose files the format's own writers made, under the right checksums, whatever they say. As it begins,
 * nothing is wrong with it: a rewritten segment, two appended ones, tombstones and superseded sets, a hint for each,
 * and a snapshot that does not cover the last one.
 */
final class ForgedStore {

    static final UUID ID = new UUID(3, 5);
    static final UUID OTHER_ID = new UUID(3, 6);
    static final long VERSION_FLOOR = 1000;

    /** The last version that the snapshot reflects. */
    static final long SNAPSHOT_VERSION = 13;

    final CrashingFileSystem disk = new CrashingFileSystem();

    /** Versions 1 to 10, rewritten. */
    final ForgedSegment rewritten = rewritten()
            .mark()
            .set(4, 1, 8)
            .set(2, 2, 8)
            .remove(9, 3)
            .set(7, 4, 8)
            .mark();

    /** Versions from 11 on. */
    final ForgedSegment appended = appended(2, 11, Previous.NONE)
            .mark()
            .set(11, 2, 9)
            .set(12, 5, 9)
            .remove(13, 4)
            .mark();

    /** Versions from 14 on; the snapshot does not cover it. */
    final ForgedSegment last = appended(3, 14, appended.asPrevious())
            .mark()
            .set(14, 1, 6)
            .remove(15, 5)
            .set(16, 6, 6)
            .mark();

    private final StoreDirectory directory = new StoreDirectory(disk, disk.root());
    private final Map<Integer, SegmentEntry> entries = new TreeMap<>();

    ForgedStore() {
        put(rewritten).put(appended).put(last);
        snapshot(SNAPSHOT_VERSION, covered(), snapshotEntries());
    }

    static ForgedSegment rewritten() {
        return new ForgedSegment(new SegmentHeader(Kind.REWRITTEN, ID, 1, 1, 10, Previous.NONE, 17));
    }

    static ForgedSegment appended(int id, long firstVersion, Previous previous) {
        return new ForgedSegment(new SegmentHeader(Kind.APPENDED, ID, id, firstVersion, 0, previous, 17L * id));
    }

    /** What the snapshot says of the segments that it covers. */
    List<CoveredSegment> covered() {
        return List.of(rewritten.asCovered(), appended.asCovered());
    }

    /** The snapshot's entries: keys, each before its location. */
    long[] snapshotEntries() {
        return new long[] {1, rewritten.location(0), 2, appended.location(0), 5, appended.location(1)};
    }

    /** Puts a sealed segment in the place of any of its id, with its hint, and lists it. */
    ForgedStore put(ForgedSegment segment) {
        int id = segment.header.segmentId();
        return put(segment, new SegmentEntry(id, segment.header.kind(), true, segment.end()))
                .hint(segment, segment.records);
    }

    /** Puts a segment and lists it like that; without a hint. */
    ForgedStore put(ForgedSegment segment, SegmentEntry listed) {
        disk.put(disk.path(StoreFileNames.segment(listed.id())), segment.contents());
        entries.put(listed.id(), listed);
        return manifest();
    }

    /** Lists the segments that were put. */
    private ForgedStore manifest() {
        int nextId = 1 + entries.keySet().stream().mapToInt(id -> id).max().orElse(0);
        Manifest manifest = new Manifest(ID, VERSION_FLOOR, nextId, List.copyOf(entries.values()));
        disk.put(disk.path(StoreFileNames.MANIFEST), manifest.encode().array());
        return this;
    }

    /** Writes a hint of a sealed segment with any records, in order. */
    ForgedStore hint(ForgedSegment segment, RecordTable records) {
        try {
            HintFile.write(directory, Segment.sealed(segment.header, directory, segment.end()), records);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Writes a hint with any header but for the number of records, and any records in any order. */
    ForgedStore hint(HintHeader header, HintEntry... records) {
        HintHeader counted =
                new HintHeader(header.storeId(), header.segmentId(), header.segmentLength(), records.length);
        String name = StoreFileNames.hint(header.segmentId());
        delete(name);
        try (StoreFile file = disk.create(disk.path(name))) {
            file.write(counted.encode(), 0);
            BlockWriter blocks = new BlockWriter(directory, file, HintHeader.BYTES, HintEntry.BYTES);
            for (HintEntry each : records) {
                blocks.add(each::encode);
            }
            blocks.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Writes a snapshot of this store with any contents. */
    ForgedStore snapshot(long version, List<CoveredSegment> covered, long... keysAndLocations) {
        snapshot(disk, new SnapshotHeader(ID, version, 0, 0, covered), keysAndLocations);
        return this;
    }

    /** Writes a snapshot with any header but for what it counts, and any entries: keys, each before its location. */
    static void snapshot(CrashingFileSystem disk, SnapshotHeader header, long... keysAndLocations) {
        byte[] blocks = SnapshotBytes.blocks(keysAndLocations);
        ByteBuffer start = new SnapshotHeader(
                        header.storeId(),
                        header.version(),
                        keysAndLocations.length / 2,
                        blocks.length,
                        header.segments())
                .encode();
        byte[] file = Arrays.copyOf(start.array(), start.limit() + blocks.length);
        System.arraycopy(blocks, 0, file, start.limit(), blocks.length);
        disk.put(disk.path(StoreFileNames.SNAPSHOT), file);
    }

    /** Where the snapshot's nth entry lies, from 0, where entries could be in any order. */
    long snapshotOffset(int nth) {
        byte[] file = disk.contents(disk.path(StoreFileNames.SNAPSHOT));
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int at = SnapshotHeader.bytes(bytes.getInt(12));
        int left = nth;
        for (int end = at; ; at += leafBytes(bytes, at)) {
            if (at == end) {
                at += end == SnapshotHeader.bytes(bytes.getInt(12)) ? 0 : Integer.BYTES;
                end = at + Integer.BYTES + bytes.getInt(at);
                at += Integer.BYTES;
            }
            int count = bytes.getShort(at);
            if (left < count) {
                return at + LeafHeader.BYTES + left * (bytes.get(at + 2) + bytes.get(at + 3));
            }
            left -= count;
        }
    }

    private static int leafBytes(ByteBuffer bytes, int at) {
        return LeafHeader.BYTES + bytes.getShort(at) * (bytes.get(at + 2) + bytes.get(at + 3));
    }

    ForgedStore delete(String name) {
        try {
            directory.deleteIfExists(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }
}
