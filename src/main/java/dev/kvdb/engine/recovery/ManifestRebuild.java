package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.LostSalt;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The manifest as the other files tell it.
 *
 * <p>They cannot always tell all of it: garbage collection may have been stopped between the swap that removed a
 * segment and that segment's deletion, and then what was removed would count again. It is certain only where the index
 * snapshot covers exactly the segments that are there, which is how a store is closed.
 *
 * @param manifest the manifest
 * @param certain whether it lists what the lost one listed
 */
record ManifestRebuild(Manifest manifest, boolean certain) {

    /**
     * Reads what the files say.
     *
     * @throws DamageException where no segment has an intact header, or those that have are of several stores
     * @throws UnsupportedFormatException where a segment is of a format that this build does not know
     */
    static ManifestRebuild of(StoreDirectory directory) throws IOException {
        List<String> names = directory.files().list(directory.path());
        TreeMap<Integer, SegmentHeader> headers = new TreeMap<>();
        List<Integer> lost = new ArrayList<>();
        int idMax = 0;
        for (String name : names) {
            idMax = Math.max(idMax, StoreFileNames.anySegmentId(name).orElse(0));
            int id = StoreFileNames.segmentId(name).orElse(0);
            if (id > 0) {
                readHeader(directory, id).ifPresentOrElse(header -> headers.put(id, header), () -> lost.add(id));
            }
        }
        UUID storeId = onlyStore(directory, headers.values());
        for (int id : lost) {
            headers.put(id, standIn(directory, storeId, id));
        }
        Map<Integer, Long> covered = new HashMap<>();
        long versionMax = readSnapshot(directory, storeId, names, covered);
        List<SegmentEntry> entries = new ArrayList<>();
        for (SegmentHeader header : headers.values()) {
            entries.add(entry(directory, header, headers, covered));
            versionMax = Math.max(versionMax, Math.max(header.firstVersion(), header.liveAsOf()));
            versionMax = Math.max(versionMax, header.previous().lastVersion());
        }
        for (int id : covered.keySet()) {
            idMax = Math.max(idMax, id);
        }
        Map<Integer, Long> there = new HashMap<>();
        entries.forEach(entry -> there.put(entry.id(), entry.length()));
        return new ManifestRebuild(
                new Manifest(storeId, versionMax + 1 + TailRecovery.VERSIONS_LOST_MAX, idMax + 1, entries),
                covered.equals(there));
    }

    private static Optional<SegmentHeader> readHeader(StoreDirectory directory, int id) throws IOException {
        String name = StoreFileNames.segment(id);
        try {
            SegmentHeader header = SegmentHeader.decode(
                    directory.read(name, SegmentHeader.BYTES), directory.file(name).toString());
            return header.segmentId() == id ? Optional.of(header) : Optional.empty();
        } catch (DamageException e) {
            return Optional.empty();
        }
    }

    private static UUID onlyStore(StoreDirectory directory, Collection<SegmentHeader> headers) {
        List<UUID> stores =
                headers.stream().map(SegmentHeader::storeId).distinct().toList();
        if (stores.size() != 1) {
            throw new DamageException(
                    directory.path().toString(),
                    0,
                    "segments of one store, at least one of them with an intact header",
                    stores.isEmpty() ? "no intact header" : "segments of the stores " + stores);
        }
        return stores.get(0);
    }

    /** What stands for a lost header. An appended segment begins with a mark, others do not. */
    private static SegmentHeader standIn(StoreDirectory directory, UUID storeId, int id) throws IOException {
        SegmentHeader appended = new SegmentHeader(Kind.APPENDED, storeId, id, 1, 0, Previous.NONE, 0);
        String name = StoreFileNames.segment(id);
        try (StoreFile file = directory.files().openForReading(directory.file(name))) {
            ByteBuffer first = ByteBuffer.allocate(Mark.FRAME_BYTES);
            file.read(first, SegmentHeader.BYTES);
            return LostSalt.saltedByMark(first.flip(), 0, appended, SegmentHeader.BYTES)
                    .orElse(new SegmentHeader(Kind.REWRITTEN, storeId, id, 1, 0, Previous.NONE, 0));
        }
    }

    private static SegmentEntry entry(
            StoreDirectory directory,
            SegmentHeader header,
            TreeMap<Integer, SegmentHeader> all,
            Map<Integer, Long> covered)
            throws IOException {
        int id = header.segmentId();
        Long sealedAt = covered.getOrDefault(id, hintedLength(directory, header));
        for (SegmentHeader other : all.values()) {
            if (other.previous().segmentId() == id) {
                sealedAt = other.previous().length();
            }
        }
        boolean last = all.tailMap(id, false).values().stream().noneMatch(other -> other.kind() == Kind.APPENDED);
        if (sealedAt == null && header.kind() == Kind.APPENDED && last) {
            return new SegmentEntry(id, header.kind(), false, 0);
        }
        if (sealedAt == null) {
            String name = StoreFileNames.segment(id);
            try (StoreFile file = directory.files().openForReading(directory.file(name))) {
                sealedAt = file.size();
            }
        }
        return new SegmentEntry(id, header.kind(), true, sealedAt);
    }

    private static @Nullable Long hintedLength(StoreDirectory directory, SegmentHeader segment) throws IOException {
        String name = StoreFileNames.hint(segment.segmentId());
        if (!directory.files().exists(directory.file(name))) {
            return null;
        }
        try {
            HintHeader header = HintHeader.decode(
                    directory.read(name, HintHeader.BYTES), directory.file(name).toString());
            boolean isOfSegment =
                    header.storeId().equals(segment.storeId()) && header.segmentId() == segment.segmentId();
            return isOfSegment ? header.segmentLength() : null;
        } catch (DamageException e) {
            return null;
        }
    }

    /** Reads which segments the snapshot covers, and its version; 0 where there is no intact one. */
    private static long readSnapshot(
            StoreDirectory directory, UUID storeId, List<String> names, Map<Integer, Long> covered)
            throws IOException {
        if (!names.contains(StoreFileNames.SNAPSHOT)) {
            return 0;
        }
        Segments none = new Segments(directory, new Manifest(storeId, 1, 1, List.of()), 1);
        try (SnapshotFile.Opened snapshot = SnapshotFile.open(none)) {
            snapshot.header().segments().forEach(segment -> covered.put(segment.id(), segment.length()));
            return snapshot.header().version();
        } catch (DamageException e) {
            return 0;
        }
    }
}
