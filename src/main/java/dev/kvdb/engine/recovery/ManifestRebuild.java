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
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The manifest as the other files tell it.
 *
 * <p>They cannot always tell all of it: garbage collection may have been stopped between the swap that removed a
 * segment and that segment's deletion, and then what was removed would count again. It is certain where the index
 * snapshot covers all segments that are there, as it does when a store is closed; others that it covers are missing.
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
        Optional<SnapshotHeader> snapshot = readSnapshot(directory, names);
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
        UUID storeId = onlyStore(directory, headers.values(), hints.values(), snapshot);
        for (int id : lost) {
            headers.put(id, standIn(directory, storeId, id));
        }
        Map<Integer, Long> lengths = new HashMap<>();
        hints.forEach((id, hint) -> lengths.put(id, hint.segmentLength()));
        snapshot.ifPresent(there -> there.segments().forEach(each -> lengths.put(each.id(), each.length())));
        long versionMax = snapshot.map(SnapshotHeader::version).orElse(0L);
        TreeMap<Integer, SegmentEntry> entries = new TreeMap<>();
        for (SegmentHeader header : headers.values()) {
            entries.put(header.segmentId(), entry(directory, header, headers, lengths));
            versionMax = Math.max(versionMax, Math.max(header.firstVersion(), header.liveAsOf()));
            versionMax = Math.max(versionMax, header.previous().lastVersion());
        }
        boolean certain = snapshot.isPresent() && coversAll(snapshot.get(), entries.values());
        if (certain) {
            for (CoveredSegment each : snapshot.get().segments()) {
                entries.putIfAbsent(each.id(), new SegmentEntry(each.id(), Kind.REWRITTEN, true, each.length()));
            }
        }
        for (CoveredSegment each : snapshot.map(SnapshotHeader::segments).orElse(List.of())) {
            idMax = Math.max(idMax, each.id());
        }
        long floor = versionMax + 1 + TailRecovery.VERSIONS_LOST_MAX;
        return new ManifestRebuild(new Manifest(storeId, floor, idMax + 1, List.copyOf(entries.values())), certain);
    }

    private static boolean coversAll(SnapshotHeader snapshot, Collection<SegmentEntry> entries) {
        Map<Integer, Long> covered = new HashMap<>();
        snapshot.segments().forEach(each -> covered.put(each.id(), each.length()));
        return entries.stream().allMatch(entry -> Objects.equals(covered.get(entry.id()), entry.length()));
    }

    /**
     * The header of a segment's file; empty where it is damaged, or another segment's.
     *
     * @throws UnsupportedFormatException where it is of a format that this build does not know
     */
    static Optional<SegmentHeader> readHeader(StoreDirectory directory, int id) throws IOException {
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
            StoreDirectory directory,
            Collection<SegmentHeader> headers,
            Collection<HintHeader> hints,
            Optional<SnapshotHeader> snapshot) {
        Set<UUID> stores = headers.stream().map(SegmentHeader::storeId).collect(Collectors.toSet());
        hints.forEach(hint -> stores.add(hint.storeId()));
        snapshot.ifPresent(there -> stores.add(there.storeId()));
        if (stores.size() != 1) {
            throw new DamageException(
                    directory.path().toString(),
                    0,
                    "files of one store, at least one of them with an intact header",
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
        // Several may name it: one that could be neither listed nor deleted, and one made when it was longer.
        OptionalLong sealedByNext = all.values().stream()
                .map(SegmentHeader::previous)
                .filter(previous -> previous.segmentId() == id)
                .mapToLong(Previous::length)
                .max();
        if (sealedByNext.isPresent()) {
            return new SegmentEntry(id, header.kind(), true, sealedByNext.getAsLong());
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

    /** What the snapshot begins with; empty where there is no intact one. */
    private static Optional<SnapshotHeader> readSnapshot(StoreDirectory directory, List<String> names)
            throws IOException {
        if (!names.contains(StoreFileNames.SNAPSHOT)) {
            return Optional.empty();
        }
        directory.requireReadable(StoreFileNames.SNAPSHOT);
        try (SnapshotFile.Opened snapshot = SnapshotFile.openOfAnyStore(directory)) {
            return Optional.of(snapshot.header());
        } catch (DamageException e) {
            return Optional.empty();
        }
    }
}
