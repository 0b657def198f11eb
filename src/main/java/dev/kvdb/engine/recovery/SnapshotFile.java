package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.SnapshotBlocks;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.index.PackedLeaf;
import dev.kvdb.engine.index.PackedLeaves;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentCounters;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The index snapshot: writes it, and reads it back.
 *
 * <p>It covers all segments that were sealed when its writing began, damaged ones too: what is not covered must be
 * later, or a set in it could pass for newer than a remove that the snapshot reflects. Writes may go on meanwhile, so
 * it may list locations in later segments; a reader skips those. Garbage collection must not run meanwhile, and before
 * {@link #publish} every applied write must be durable: a key whose newest record the snapshot saw, but a crash took,
 * would else be missing in its older form too.
 */
public final class SnapshotFile {

    /** A snapshot is written only where the disk has room for so many of its size. */
    private static final int ROOM_FACTOR = 2;

    private SnapshotFile() {}

    /**
     * Writes a snapshot under its temporary name, where the disk has room for it and for much more: it must not be what
     * fills the disk.
     *
     * @param lastAppliedVersion the newest applied version; asked after the covered segments are fixed, so that no
     *     record in them is newer
     * @return its bytes
     * @throws NoSpaceException where the disk has too little room; nothing is left behind
     */
    public static long write(Segments segments, OrderedIndex index, LongSupplier lastAppliedVersion)
            throws IOException {
        StoreDirectory directory = segments.directory();
        List<CoveredSegment> covered = new ArrayList<>();
        for (Segment segment : segments.all()) {
            if (segment.isSealed()) {
                SegmentCounters counters = segment.counters();
                covered.add(new CoveredSegment(
                        segment.id(),
                        segment.length(),
                        counters.sets(),
                        counters.tombstones(),
                        counters.tombstoneVersionMax()));
            }
        }
        long version = lastAppliedVersion.getAsLong();
        String temporary = StoreFileNames.temporary(StoreFileNames.SNAPSHOT);
        directory.deleteIfExists(temporary);
        int headerBytes = SnapshotHeader.bytes(covered.size());
        long bytesMax = headerBytes + SnapshotBlocks.bytesMax(index.size());
        directory.requireSpace(ROOM_FACTOR * bytesMax, "an index snapshot");
        try (StoreFile file = directory.files().create(directory.file(temporary))) {
            SnapshotWriter blocks = new SnapshotWriter(directory, file, headerBytes, bytesMax);
            PackedLeaves leaves = index.packedLeaves();
            for (PackedLeaf leaf = leaves.next(); leaf != null; leaf = leaves.next()) {
                blocks.add(leaf);
            }
            blocks.finish();
            SnapshotHeader header =
                    new SnapshotHeader(segments.storeId(), version, blocks.entries(), blocks.bytes(), covered);
            directory.write(file, header.encode(), 0);
            file.sync();
            return headerBytes + blocks.bytes();
        } catch (Throwable e) {
            directory.discard(temporary, e);
            throw e;
        }
    }

    /** Puts the snapshot that was written in the place of the one before. */
    public static void publish(StoreDirectory directory) throws IOException {
        directory.publish(StoreFileNames.SNAPSHOT);
    }

    /** An open snapshot. */
    record Opened(StoreFile file, SnapshotHeader header, SnapshotLeaves leaves) implements AutoCloseable {

        /**
         * Ids of the segments that it covers and that the store still has.
         *
         * @throws DamageException where one of these has another length
         */
        Set<Integer> covered(Segments segments) {
            Set<Integer> covered = new HashSet<>();
            for (CoveredSegment said : header.segments()) {
                Segment segment = segments.find(said.id());
                if (segment != null) {
                    if (segment.length() != said.length()) {
                        throw new DamageException(
                                segments.directory()
                                        .file(StoreFileNames.SNAPSHOT)
                                        .toString(),
                                0,
                                segment.path() + " of " + segment.length() + " bytes",
                                said.length() + " bytes");
                    }
                    covered.add(said.id());
                }
            }
            return covered;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /**
     * Opens the snapshot.
     *
     * @throws DamageException where it is not an intact snapshot of this store, or cannot be read
     */
    static Opened open(Segments segments) throws IOException {
        Opened opened = openOfAnyStore(segments.directory());
        if (!opened.header().storeId().equals(segments.storeId())) {
            opened.close();
            throw new DamageException(
                    segments.directory().file(StoreFileNames.SNAPSHOT).toString(),
                    0,
                    "store " + segments.storeId(),
                    "store " + opened.header().storeId());
        }
        return opened;
    }

    /**
     * Whether a snapshot that could not be opened is one that an earlier kvdb wrote, in a format that this one does not
     * read: of no use, but no damage, as far as its header says.
     */
    static boolean isOfEarlierFormat(StoreDirectory directory) {
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.SNAPSHOT))) {
            ByteBuffer prefix = ByteBuffer.allocate(SnapshotHeader.PREFIX_BYTES);
            file.read(prefix, 0);
            int headerBytes = SnapshotHeader.earlierBytes(prefix.flip());
            if (headerBytes == 0 || headerBytes > file.size()) {
                return false;
            }
            ByteBuffer header = ByteBuffer.allocate(headerBytes);
            return file.read(header, 0) == headerBytes && SnapshotHeader.isIntactEarlier(header.flip());
        } catch (IOException e) {
            // Then nothing says that it is, and what kept it from being opened stands.
            return false;
        }
    }

    /**
     * Opens the snapshot of whatever store.
     *
     * @throws DamageException where it is not an intact snapshot, or cannot be read
     */
    static Opened openOfAnyStore(StoreDirectory directory) {
        String path = directory.file(StoreFileNames.SNAPSHOT).toString();
        try {
            return open(directory, path);
        } catch (IOException e) {
            throw new DamageException(path, 0, "a snapshot", "a read that failed: " + e.getMessage());
        }
    }

    private static Opened open(StoreDirectory directory, String path) throws IOException {
        StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.SNAPSHOT));
        try {
            ByteBuffer prefix = ByteBuffer.allocate(SnapshotHeader.PREFIX_BYTES);
            file.read(prefix, 0);
            int headerBytes = SnapshotHeader.bytes(prefix.flip(), path);
            if (headerBytes > file.size()) {
                throw new DamageException(path, 0, headerBytes + " bytes of header", file.size() + " bytes");
            }
            ByteBuffer start = ByteBuffer.allocate(headerBytes);
            file.read(start, 0);
            SnapshotHeader header = SnapshotHeader.decode(start.flip(), path);
            if (!FrameHeader.isVersion(header.version())) {
                throw new DamageException(path, 0, "a version", String.valueOf(header.version()));
            }
            return new Opened(file, header, new SnapshotLeaves(file, path, header));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }
}
