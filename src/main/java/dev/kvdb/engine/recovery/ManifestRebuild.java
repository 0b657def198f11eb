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
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The manifest as the other files tell it.
 *
 * <p>They cannot always tell all of it: garbage collection may have been stopped between the swap that removed a
 * segment and that segment's deletion, and then what was removed would count again. It is certain only where the index
 * snapshot covers exactly the segments that are known of, which is how a store is closed. A segment of which only hint
 * or snapshot are left is listed, so that what was in it is not passed over.
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
        TreeMap<Integer, HintHeader> hints = new TreeMap<>();
        List<Integer> lost = new ArrayList<>();
        int idMax = 0;
        for (String name : names) {
            idMax = Math.max(idMax, StoreFileNames.anySegmentId(name).orElse(0));
            int id = StoreFileNames.segmentId(name).orElse(0);
            if (id > 0) {
                readHeader(directory, id).ifPresentOrElse(header -> headers.put(id, header), () -> lost.add(id));
            }
            int hintOf = StoreFileNames.hintSegmentId(name).orElse(0);
            if (hintOf > 0) {
                readHint(directory, hintOf).ifPresent(hint -> hints.put(hintOf, hint));
            }
        }
        UUID storeId = onlyStore(directory, headers.values(), hints.values());
        hints.values().removeIf(hint -> !hint.storeId().equals(storeId));
        for (int id : lost) {
            headers.put(id, standIn(directory, storeId, id));
        }
        TreeMap<Integer, Long> known = new TreeMap<>();
        long versionMax = readSnapshot(directory, storeId, names, known);
        Map<Integer, Long> covered = Map.copyOf(known);
        hints.forEach((id, hint) -> known.putIfAbsent(id, hint.segmentLength()));
        TreeMap<Integer, SegmentEntry> entries = new TreeMap<>();
        known.forEach((id, length) -> entries.put(id, new SegmentEntry(id, Kind.REWRITTEN, true, length)));
        for (SegmentHeader header : headers.values()) {
            entries.put(header.segmentId(), entry(directory, header, headers, known));
            versionMax = Math.max(versionMax, Math.max(header.firstVersion(), header.liveAsOf()));
            versionMax = Math.max(versionMax, header.previous().lastVersion());
        }
        Map<Integer, Long> there = new HashMap<>();
        entries.forEach((id, entry) -> there.put(id, entry.length()));
        int nextId = Math.max(idMax, known.isEmpty() ? 0 : known.lastKey()) + 1;
        long floor = versionMax + 1 + TailRecovery.VERSIONS_LOST_MAX;
        return new ManifestRebuild(
                new Manifest(storeId, floor, nextId, List.copyOf(entries.values())), covered.equals(there));
    }

    private static Optional<SegmentHeader> readHeader(StoreDirectory directory, int id) throws IOException {
        String name = StoreFileNames.segment(id);
        try {
            SegmentHeader header = SegmentHeader.decode(
                    directory.read(name, SegmentHeader.BYTES),
                    directory.file(name).toString());
            return header.segmentId() == id ? Optional.of(header) : Optional.empty();
        } catch (DamageException e) {
            return Optional.empty();
        }
    }

    private static Optional<HintHeader> readHint(StoreDirectory directory, int id) throws IOException {
        String name = StoreFileNames.hint(id);
        try {
            HintHeader header = HintHeader.decode(
                    directory.read(name, HintHeader.BYTES), directory.file(name).toString());
            return header.segmentId() == id ? Optional.of(header) : Optional.empty();
        } catch (DamageException e) {
            return Optional.empty();
        }
    }

    private static UUID onlyStore(
            StoreDirectory directory, Collection<SegmentHeader> headers, Collection<HintHeader> hints) {
        Set<UUID> stores = headers.stream().map(SegmentHeader::storeId).collect(Collectors.toSet());
        if (stores.isEmpty()) {
            stores = hints.stream().map(HintHeader::storeId).collect(Collectors.toSet());
        }
        if (stores.size() != 1) {
            throw new DamageException(
                    directory.path().toString(),
                    0,
                    "segments or hints of one store, at least one of them with an intact header",
                    stores.isEmpty() ? "no intact header" : "files of the stores " + stores);
        }
        return stores.iterator().next();
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
            Map<Integer, Long> lengths)
            throws IOException {
        int id = header.segmentId();
        for (SegmentHeader other : all.values()) {
            if (other.previous().segmentId() == id) {
                return new SegmentEntry(
                        id, header.kind(), true, other.previous().length());
            }
        }
        Long sealedAt = lengths.get(id);
        if (sealedAt != null) {
            return new SegmentEntry(id, header.kind(), true, sealedAt);
        }
        boolean last = all.tailMap(id, false).values().stream().noneMatch(other -> other.kind() == Kind.APPENDED);
        if (header.kind() == Kind.APPENDED && last) {
            return new SegmentEntry(id, header.kind(), false, 0);
        }
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.segment(id)))) {
            return new SegmentEntry(id, header.kind(), true, file.size());
        }
    }

    /** Reads which segments the snapshot covers, and its version; 0 where there is no intact one. */
    private static long readSnapshot(
            StoreDirectory directory, UUID storeId, List<String> names, Map<Integer, Long> covered) throws IOException {
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
