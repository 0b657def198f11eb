package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.IndexFullException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.log.VersionRange;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Opens a store: finds its segments, the log's end, and each key's newest record.
 *
 * <p>Snapshot and hints are caches: where one turns out damaged it is dropped or rebuilt, and the open begins anew
 * without it. A store that another format wrote is refused before any write. A segment in which damage hides keys stays
 * as it is, for a repair to look at; so does one whose header is lost, or that is missing.
 *
 * <p>Belongs to the opening thread, which holds the directory's lock.
 */
public final class Recovery {

    private static final Logger LOG = System.getLogger(Recovery.class.getName());

    private final StoreDirectory directory;
    private final RandomGenerator random;
    private final RecoveryLimits limits;
    private final RecoveryListener listener;

    /** What was scanned and has no hint yet, by segment id: the log's end, and what a hint cannot be written for. */
    private final Map<Integer, SegmentContents> scanned = new TreeMap<>();

    /** The segments as their files were found, by id. */
    private final Map<Integer, SegmentAdoption> adopted = new TreeMap<>();

    /** Segments with values that were found damaged, by id. */
    private final Set<Integer> withDamagedValues = new HashSet<>();

    private final Set<Integer> hintsRefused = new HashSet<>();
    private boolean snapshotRefused;
    private boolean snapshotRead;
    private int hintsRebuilt;
    private long recordsScanned;

    /**
     * @param directory the store's directory, locked
     * @param random makes store ids and salts
     * @param limits what it may take
     * @param listener told of the progress
     */
    public Recovery(
            StoreDirectory directory, RandomGenerator random, RecoveryLimits limits, RecoveryListener listener) {
        this.directory = directory;
        this.random = random;
        this.limits = limits;
        this.listener = listener;
    }

    /**
     * Opens the store, or makes a new one in an empty directory.
     *
     * @throws DamageException where the manifest is damaged, missing beside segments, or older than they are
     * @throws UnsupportedFormatException where the directory holds something else, or a format that this build does not
     *     know
     * @throws IndexFullException where the keys do not fit into memory
     * @throws IOException where the operating system fails a file operation
     */
    public Recovered run() throws IOException {
        Manifest manifest = readManifest();
        new StrayFiles(directory, manifest).checkManifestIsNewest();
        Segments before = adoptSegments(manifest);
        TailRecovery tail;
        try {
            boolean tailIsReadable =
                    adopted.values().stream().allMatch(adoption -> adoption.sealed() || adoption.isReadable());
            tail = tailIsReadable
                    ? TailRecovery.run(before, manifest, random)
                    : new TailRecovery(Map.of(), false, 0, 0);
        } finally {
            before.close();
        }
        tail.contents().forEach(this::noteScanned);
        scanned.putAll(tail.contents());
        while (true) {
            try {
                return attempt(readManifest(), tail);
            } catch (DamageException e) {
                dropDamagedCache(e);
            }
        }
    }

    /**
     * Refuses a directory that holds something else, before even a lock file is put into it.
     *
     * @throws DamageException where there are segments but no manifest
     * @throws UnsupportedFormatException where the directory holds something else
     */
    public static void checkIsStoreOrEmpty(StoreDirectory directory) throws IOException {
        checkIsStoreOrEmpty(directory, directory.files().list(directory.path()));
    }

    private static void checkIsStoreOrEmpty(StoreDirectory directory, List<String> names) {
        if (names.contains(StoreFileNames.MANIFEST)) {
            return;
        }
        for (String name : names) {
            if (StoreFileNames.segmentId(name).isPresent()) {
                throw new DamageException(
                        directory.file(StoreFileNames.MANIFEST).toString(), 0, "a manifest beside " + name, "none");
            }
        }
        for (String name : names) {
            if (!name.equals(StoreFileNames.LOCK) && !StoreFileNames.isTemporary(name) && !name.startsWith(".")) {
                throw new UnsupportedFormatException(
                        directory.path().toString(), "a kvdb store or an empty directory", "file " + name);
            }
        }
    }

    private Manifest readManifest() throws IOException {
        List<String> names = directory.files().list(directory.path());
        if (names.contains(StoreFileNames.MANIFEST)) {
            return Manifest.decode(
                    directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX),
                    directory.file(StoreFileNames.MANIFEST).toString());
        }
        checkIsStoreOrEmpty(directory, names);
        Manifest manifest = new Manifest(new UUID(random.nextLong(), random.nextLong()), 1, 1, List.of());
        directory.replace(StoreFileNames.MANIFEST, manifest.encode());
        return manifest;
    }

    private Recovered attempt(Manifest manifest, TailRecovery tail) throws IOException {
        Segments segments = adoptSegments(manifest);
        List<RecordSource> sources = new ArrayList<>();
        Progress progress = new Progress(listener, totalBytes(segments));
        boolean finished = false;
        try (SnapshotFile.@Nullable Opened snapshot = openSnapshot(segments, progress)) {
            Set<Integer> covered = snapshot == null ? Set.of() : restoreCounters(snapshot, segments);
            List<VersionRange> hidden = new ArrayList<>();
            boolean briefly = segments.all().size() - covered.size() > limits.openFiles();
            for (Segment segment : segments.all()) {
                logDamage(segment);
                if (!covered.contains(segment.id())) {
                    sources.add(openHint(segment, segments, hidden, briefly, progress));
                }
                if (withDamagedValues.contains(segment.id())) {
                    segment.noteDamage();
                }
            }
            progress.phase("building the index");
            IndexMerge merge = new IndexMerge(segments, covered, limits.indexBytes(), !hidden.isEmpty());
            OrderedIndex index = merge.merge(snapshot, sources, progress);
            if (hidden.isEmpty()) {
                removeStrayFiles(manifest);
                writeHints(segments);
            }
            long nextVersion = nextVersion(manifest, segments, Math.max(merge.lastVersion(), tail.lastVersion()));
            finished = true;
            return new Recovered(
                    segments,
                    index,
                    nextVersion,
                    List.copyOf(hidden),
                    merge.tombstones(),
                    tail.clean(),
                    snapshotRead,
                    recordsScanned,
                    hintsRebuilt,
                    tail.tornBytes());
        } finally {
            for (RecordSource source : sources) {
                source.close();
            }
            if (!finished) {
                segments.close();
            }
        }
    }

    /** Removes what is not listed, but only what was not finished where the rest may be all that is left of what is. */
    private void removeStrayFiles(Manifest manifest) throws IOException {
        boolean isMissing = adopted.values().stream().anyMatch(each -> each.state() == SegmentAdoption.State.MISSING);
        StrayFiles stray = new StrayFiles(directory, manifest);
        if (isMissing) {
            stray.removeUnfinished();
        } else {
            stray.remove();
        }
    }

    /** Looks at every segment that the manifest lists. One that is damaged is no reason not to open the others. */
    private Segments adoptSegments(Manifest manifest) throws IOException {
        Segments segments = new Segments(directory, manifest, limits.openFiles());
        adopted.clear();
        for (Manifest.SegmentEntry entry : manifest.segments()) {
            SegmentAdoption adoption = SegmentAdoption.of(directory, manifest, entry);
            adopted.put(entry.id(), adoption);
            segments.adopt(adoption.segment());
        }
        return segments;
    }

    private void logDamage(Segment segment) {
        SegmentAdoption adoption = adopted.get(segment.id());
        if (adoption != null && adoption.damage().isPresent()) {
            LOG.log(
                    Level.ERROR,
                    adoption.damage().get().getMessage()
                            + (adoption.isReadable() ? "; its records can be read all the same" : ""));
        } else if (segment.isDamaged()) {
            LOG.log(
                    Level.ERROR,
                    "damage in " + segment.path() + ": the file ends before the " + segment.length()
                            + " bytes that the manifest lists");
        }
    }

    private boolean isReadable(Segment segment) {
        SegmentAdoption adoption = adopted.get(segment.id());
        return adoption == null || adoption.isReadable();
    }

    private static long totalBytes(Segments segments) {
        return segments.all().stream().mapToLong(Segment::length).sum();
    }

    private SnapshotFile.@Nullable Opened openSnapshot(Segments segments, Progress progress) throws IOException {
        snapshotRead = !snapshotRefused && directory.files().exists(directory.file(StoreFileNames.SNAPSHOT));
        if (!snapshotRead) {
            return null;
        }
        progress.phase("reading the snapshot");
        return SnapshotFile.open(segments);
    }

    /** Takes over what the snapshot says of the segments that it covers, and answers which these are. */
    private static Set<Integer> restoreCounters(SnapshotFile.Opened snapshot, Segments segments) {
        Set<Integer> covered = snapshot.covered(segments);
        for (CoveredSegment said : snapshot.header().segments()) {
            Segment segment = segments.find(said.id());
            if (segment != null) {
                segment.counters().restore(said.sets(), said.tombstones(), said.tombstoneVersionMax());
            }
        }
        return covered;
    }

    private HintFile hintOf(Segment segment, boolean briefly) {
        return briefly ? HintFile.openBriefly(directory, segment) : HintFile.open(directory, segment);
    }

    /** @param briefly whether there are more hints to read side by side than files may be open */
    private RecordSource openHint(
            Segment segment, Segments segments, List<VersionRange> hidden, boolean briefly, Progress progress)
            throws IOException {
        SegmentContents contents = scanned.get(segment.id());
        if (contents == null) {
            String hint = StoreFileNames.hint(segment.id());
            if (!hintsRefused.contains(segment.id()) && directory.files().exists(directory.file(hint))) {
                return RecordSource.of(hintOf(segment, briefly), segment);
            }
            if (!isReadable(segment)) {
                hidden.add(new VersionRange(1, lastVersionOf(segment, segments), segment.path(), 0));
                return RecordSource.of(new RecordTable(), segment);
            }
            contents = scan(segment, lastVersionOf(segment, segments), progress);
            if (contents.hidden().isEmpty() && writeHint(segment, contents)) {
                return RecordSource.of(hintOf(segment, briefly), segment);
            }
            scanned.put(segment.id(), contents);
        }
        if (!contents.hidden().isEmpty()) {
            segment.markDamaged();
            hidden.addAll(contents.hidden());
        }
        return RecordSource.of(contents.records(), segment);
    }

    /** The highest version that the segment may hold, as the one that was appended after it says, where it is there. */
    static long lastVersionOf(Segment segment, Segments segments) {
        for (Segment later : segments.all()) {
            if (later.header().previous().segmentId() == segment.id()) {
                return later.header().previous().lastVersion();
            }
        }
        return Long.MAX_VALUE;
    }

    private SegmentContents scan(Segment segment, long lastVersion, Progress progress) throws IOException {
        progress.phase("scanning " + segment.path());
        SegmentContents contents;
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.segment(segment.id())))) {
            contents = SegmentContents.scan(file, segment);
        }
        progress.addBytes(segment.length());
        hintsRebuilt++;
        if (!contents.hidden().isEmpty()) {
            segment.markDamaged();
            contents = contents.upTo(lastVersion);
            if (contents.hidden().isEmpty()) {
                LOG.log(Level.ERROR, "damage in " + segment.path() + " behind its last record; no record is hit");
            }
        }
        noteScanned(segment.id(), contents);
        return contents;
    }

    /**
     * Writes a segment's hint, so that its records need not stay in memory. False where that fails: a hint is a cache.
     */
    private boolean writeHint(Segment segment, SegmentContents contents) {
        try {
            HintFile.write(directory, segment, contents.records());
            return true;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "writing the hint of " + segment.path() + " failed: " + e);
            return false;
        }
    }

    private void noteScanned(int segmentId, SegmentContents contents) {
        recordsScanned += contents.records().rows();
        for (VersionRange range : contents.hidden()) {
            LOG.log(
                    Level.ERROR,
                    "damage in " + range.file() + " at offset " + range.offset()
                            + " hides the keys of records; the store is read-only");
        }
        if (contents.damagedValues() > 0) {
            withDamagedValues.add(segmentId);
            LOG.log(
                    Level.ERROR,
                    contents.damagedValues() + " damaged values in "
                            + directory.file(StoreFileNames.segment(segmentId)));
        }
    }

    /** Makes the next attempt do without a snapshot or hint that turned out damaged. */
    private void dropDamagedCache(DamageException damage) {
        Path file = Path.of(damage.file()).getFileName();
        String name = file == null ? "" : file.toString();
        OptionalInt hintOf = StoreFileNames.hintSegmentId(name);
        if (name.equals(StoreFileNames.SNAPSHOT) && !snapshotRefused) {
            snapshotRefused = true;
            if (SnapshotFile.isOfEarlierFormat(directory)) {
                LOG.log(Level.INFO, "the index snapshot is of an earlier format; the log's hints are read instead");
                return;
            }
        } else if (hintOf.isEmpty() || !hintsRefused.add(hintOf.getAsInt())) {
            throw damage;
        }
        LOG.log(Level.WARNING, "making anew what can be derived from the log: " + damage.getMessage());
    }

    private void writeHints(Segments segments) {
        for (Map.Entry<Integer, SegmentContents> entry : scanned.entrySet()) {
            Segment segment = segments.find(entry.getKey());
            if (segment != null) {
                writeHint(segment, entry.getValue());
            }
        }
    }

    /** A version above each that was ever given out, where {@code lastVersion} is the highest of a record. */
    static long nextVersion(Manifest manifest, Segments segments, long lastVersion) {
        long next = Math.max(manifest.versionFloor(), lastVersion + 1);
        for (Segment segment : segments.all()) {
            next = Math.max(next, segment.header().firstVersion() + 1);
            next = Math.max(next, segment.header().liveAsOf() + 1);
        }
        return next;
    }
}
