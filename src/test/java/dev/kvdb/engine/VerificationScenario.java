package dev.kvdb.engine;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.SnapshotBytes;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/** Small stores, what can be wrong with them, and the demand that a verification finds each. */
final class VerificationScenario {

    private static final Set<Long> WRITTEN_AFTER_THE_SNAPSHOT = Set.of(1L, 3L, 7L);

    private VerificationScenario() {}

    /**
     * All sealed: a rewritten segment and appended ones, tombstones and superseded sets, hints, and a snapshot that
     * does not cover the newest segment.
     */
    static CrashingFileSystem smallStore() {
        MemoryStore store = new MemoryStore().open();
        for (int key = 1; key <= 4; key++) {
            store.set(key, 8);
        }
        store.set(1, 5);
        store.remove(2);
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        store.set(3, 7);
        store.set(6, 0);
        store.set(8, 2);
        store.remove(4);
        store.reopen();
        store.set(1, 9);
        store.remove(3);
        store.set(7, 3);
        try (MemoryStore recovered = store.image()) {
            store.close();
            return recovered.open().image().disk;
        }
    }

    static VerificationReport verify(CrashingFileSystem disk) {
        return verify(disk, disk.root());
    }

    static VerificationReport verify(CrashingFileSystem disk, Path path) {
        int position = disk.position();
        VerificationReport report =
                new StoreVerification(TestEnvironment.of(disk, 1)).run(path, VerificationListener.NONE);
        if (disk.position() != position || !disk.openHandles().isEmpty()) {
            throw new AssertionError(
                    "changed by a verification, or left open: " + disk.trace(position) + disk.openHandles());
        }
        return report;
    }

    /** The files that a verification reads. */
    static List<String> verifiedFiles(CrashingFileSystem disk) throws IOException {
        return disk.list(disk.root()).stream()
                .filter(name -> name.equals("MANIFEST")
                        || name.equals("SNAPSHOT")
                        || name.endsWith(".log")
                        || name.endsWith(".hint"))
                .toList();
    }

    /** Flips bits, one at a time, and answers how many. */
    static int requireEachFlipFound(CrashingFileSystem disk, int bytesSkipped) throws IOException {
        int flips = 0;
        for (String name : verifiedFiles(disk)) {
            Path file = disk.path(name);
            long end = name.endsWith(".log") ? endOf(disk, name) : disk.contents(file).length;
            for (long offset = flips % (bytesSkipped + 1); offset < end; offset += bytesSkipped + 1) {
                for (int bit = 0; bit < 8; bit++) {
                    CrashingFileSystem damaged = disk.copy();
                    damaged.flipBit(file, offset, bit);
                    requireFound(damaged, file, "bit " + bit + " of byte " + offset + " of " + name);
                    flips++;
                }
            }
        }
        return flips;
    }

    static void requireFound(CrashingFileSystem damaged, Path file, String what) {
        VerificationReport report = verify(damaged);
        if (report.isClean()
                || report.findings().stream()
                        .noneMatch(finding -> finding.file().equals(file.toString()))) {
            throw new AssertionError(what + " is not found: " + report);
        }
    }

    /** Where a segment ends, as its hint says. */
    private static long endOf(CrashingFileSystem disk, String segment) {
        byte[] hint = disk.contents(disk.path(segment.replace(".log", ".hint")));
        return ByteBuffer.wrap(hint).getLong(40);
    }

    /** Writes caches whose checksums are right and whose contents are wrong; answers how many. */
    static int requireWrongCachesFound(CrashingFileSystem disk) throws IOException {
        int wrong = 0;
        for (String name : verifiedFiles(disk)) {
            if (name.endsWith(".hint")) {
                wrong += requireWrongHintsFound(disk, name);
            }
        }
        byte[] snapshot = disk.contents(disk.path("SNAPSHOT"));
        int count = ByteBuffer.wrap(snapshot).getInt(12);
        SnapshotHeader header = SnapshotHeader.decode(
                ByteBuffer.wrap(java.util.Arrays.copyOf(snapshot, SnapshotHeader.bytes(count))), "SNAPSHOT");
        List<long[]> entries = new ArrayList<>();
        SnapshotBytes.read(
                snapshot,
                SnapshotHeader.bytes(count),
                header.entries(),
                (key, location, offset) -> entries.add(new long[] {key, location}));
        for (int i = 0; i < entries.size(); i++) {
            int place = i;
            List<long[]> others = new ArrayList<>(entries);
            long[] removed = others.remove(place);
            if (!WRITTEN_AFTER_THE_SNAPSHOT.contains(removed[0])) {
                requireWrongSnapshotFound(disk, header, others, "that lacks key " + removed[0]);
            }
            requireWrongSnapshotFound(
                    disk, header, with(entries, place, entry -> new long[] {entry[0], entry[1] + (1 << 10)}), "moved");
            requireWrongSnapshotFound(
                    disk, header, with(entries, place, entry -> new long[] {entry[0] + 100, entry[1]}), "other key");
            wrong += 3;
        }
        SnapshotHeader older = new SnapshotHeader(
                header.storeId(), header.version() - 1, header.entries(), header.blockBytes(), header.segments());
        requireWrongSnapshotFound(disk, older, entries, "of an older version");
        return wrong + 1;
    }

    private static int requireWrongHintsFound(CrashingFileSystem disk, String name) throws IOException {
        StoreDirectory directory = new StoreDirectory(disk, disk.root());
        Segment segment = segmentOf(directory, name);
        List<HintEntry> entries = new ArrayList<>();
        try (HintFile hint = HintFile.open(directory, segment)) {
            for (HintEntry entry = hint.next(); entry != null; entry = hint.next()) {
                entries.add(entry);
            }
        }
        int wrong = 0;
        for (int i = 0; i < entries.size(); i++) {
            List<HintEntry> fewer = new ArrayList<>(entries);
            fewer.remove(i);
            List<UnaryOperator<HintEntry>> changes = List.of(
                    entry -> new HintEntry(entry.key() + 1000, entry.version(), entry.offset(), entry.valueBytes()),
                    entry -> new HintEntry(entry.key(), entry.version() + 1, entry.offset(), entry.valueBytes()),
                    entry -> new HintEntry(entry.key(), entry.version(), entry.offset() + 1, entry.valueBytes()),
                    entry -> new HintEntry(entry.key(), entry.version(), entry.offset(), entry.valueBytes() + 1));
            requireWrongHintFound(disk, segment.id(), name, fewer);
            for (UnaryOperator<HintEntry> change : changes) {
                requireWrongHintFound(disk, segment.id(), name, with(entries, i, change));
            }
            wrong += 1 + changes.size();
        }
        return wrong;
    }

    private static void requireWrongHintFound(
            CrashingFileSystem disk, int segmentId, String name, List<HintEntry> entries) throws IOException {
        CrashingFileSystem damaged = disk.copy();
        StoreDirectory directory = new StoreDirectory(damaged, damaged.root());
        RecordTable table = new RecordTable();
        entries.forEach(table::add);
        HintFile.write(directory, segmentOf(directory, name), table);
        requireFound(damaged, damaged.path(name), "a hint of segment " + segmentId + " with " + entries);
    }

    private static void requireWrongSnapshotFound(
            CrashingFileSystem disk, SnapshotHeader header, List<long[]> entries, String what) {
        CrashingFileSystem damaged = disk.copy();
        ForgedStore.snapshot(
                damaged,
                header,
                entries.stream()
                        .sorted((a, b) -> Long.compare(a[0], b[0]))
                        .flatMapToLong(LongStream::of)
                        .toArray());
        requireFound(damaged, damaged.path("SNAPSHOT"), "a snapshot " + what);
    }

    /** The segment of a hint. */
    private static Segment segmentOf(StoreDirectory directory, String hint) throws IOException {
        String name = hint.replace(".hint", ".log");
        try (StoreFile segment = directory.files().openForReading(directory.file(name));
                StoreFile file = directory.files().openForReading(directory.file(hint))) {
            ByteBuffer header = ByteBuffer.allocate(SegmentHeader.BYTES);
            segment.read(header, 0);
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES);
            file.read(length, 40);
            return Segment.sealed(SegmentHeader.decode(header.flip(), name), directory, length.getLong(0));
        }
    }

    private static <T> List<T> with(List<T> all, int place, UnaryOperator<T> change) {
        List<T> changed = new ArrayList<>(all);
        changed.set(place, change.apply(changed.get(place)));
        return changed;
    }

    /** The kinds of what was found, once each. */
    static List<Finding.Kind> kinds(VerificationReport report) {
        return report.findings().stream().map(Finding::kind).distinct().toList();
    }
}
