package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads all of a store that is not open, and says what is wrong with it. Writes nothing, and goes on behind damage with
 * all that can still be read. What a crash may leave behind is no damage: see {@link TailScan}.
 *
 * <p>Holds the records of one segment at a time, and of those whose hint is missing or wrong. Belongs to one thread.
 */
public final class Verification {

    private static final int OPEN_FILES_MAX = 1;

    private final StoreDirectory directory;
    private final Clock clock;
    private final long startNanos;
    private final Set<String> names;
    private final Progress progress;
    private final Findings findings = new Findings();
    private final Map<Integer, SegmentCheck.Contents> contents = new TreeMap<>();

    /** Segments whose hint has their records, so that these need not stay in memory. */
    private final Set<Integer> hinted = new TreeSet<>();

    private int files;
    private long bytes;
    private long records;
    private boolean complete = true;

    private Verification(StoreDirectory directory, Clock clock, List<String> names, Progress progress) {
        this.directory = directory;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
        this.names = new TreeSet<>(names);
        this.progress = progress;
    }

    /**
     * Verifies the store in a directory; the caller holds its lock.
     *
     * @param clock to say how long it took
     * @throws UnsupportedFormatException where the directory holds no store
     * @throws IOException where the directory cannot be listed
     */
    public static VerificationReport run(StoreDirectory directory, Clock clock, RecoveryListener listener)
            throws IOException {
        List<String> names = directory.files().list(directory.path());
        requireStore(directory, names);
        long total = 0;
        for (String name : names) {
            if (isPartOfStore(name)) {
                total += sizeOf(directory, name);
            }
        }
        Verification verification = new Verification(directory, clock, names, new Progress(listener, total));
        return verification.run();
    }

    /** Refuses a directory that holds no store; one whose manifest is lost still is one. */
    static void requireStore(StoreDirectory directory, List<String> names) {
        boolean isStore = names.stream()
                .anyMatch(name -> name.equals(StoreFileNames.MANIFEST)
                        || StoreFileNames.segmentId(name).isPresent());
        if (!isStore) {
            throw new UnsupportedFormatException(
                    directory.path().toString(),
                    "a kvdb store",
                    names.isEmpty() ? "no file" : "neither a manifest nor a segment");
        }
    }

    private VerificationReport run() throws IOException {
        progress.phase("reading the manifest");
        Manifest manifest = readManifest();
        long liveRecords = 0;
        if (manifest == null) {
            findings.note("without a manifest, segments are read as far as their frames go; hints and the snapshot are "
                    + "not compared with them");
            for (String name : names) {
                StoreFileNames.segmentId(name).ifPresent(id -> checkSegment(unlisted(id), null));
            }
        } else {
            Segments segments = new Segments(directory, manifest, OPEN_FILES_MAX);
            checkStrayFiles(manifest);
            for (Manifest.SegmentEntry entry : manifest.segments()) {
                Segment segment = checkSegment(entry, manifest);
                if (segment != null) {
                    segments.adopt(segment);
                }
            }
            checkPrevious(segments);
            liveRecords = checkIndex(segments);
        }
        progress.done();
        return findings.report(files, bytes, records, liveRecords, clock.nanoTime() - startNanos);
    }

    private @Nullable Manifest readManifest() {
        String path = directory.file(StoreFileNames.MANIFEST).toString();
        if (!names.contains(StoreFileNames.MANIFEST)) {
            findings.add(Finding.Kind.MANIFEST, path, 0, "there are segments, and no manifest");
            return null;
        }
        try {
            ByteBuffer source = directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX);
            count(source.limit());
            return Manifest.decode(source, path);
        } catch (DamageException e) {
            findings.add(Finding.Kind.MANIFEST, e);
        } catch (UnsupportedFormatException e) {
            findings.add(path, 0, e);
        } catch (IOException e) {
            findings.add(path, 0, e);
        }
        return null;
    }

    private static Manifest.SegmentEntry unlisted(int id) {
        return new Manifest.SegmentEntry(id, SegmentHeader.Kind.APPENDED, false, 0);
    }

    /** Checks a segment and its hint. Null where nothing of it can be read. */
    private @Nullable Segment checkSegment(Manifest.SegmentEntry entry, @Nullable Manifest manifest) {
        String name = StoreFileNames.segment(entry.id());
        String path = directory.file(name).toString();
        if (!names.contains(name)) {
            complete = false;
            findings.add(Finding.Kind.MISSING, path, 0, "the manifest lists this segment, and there is no such file");
            return null;
        }
        progress.phase("reading " + name);
        try (StoreFile file = directory.files().openForReading(directory.file(name))) {
            ByteBuffer start = ByteBuffer.allocate(SegmentHeader.BYTES);
            file.read(start, 0);
            SegmentHeader header = SegmentHeader.decode(start.flip(), path);
            boolean isListed = header.segmentId() == entry.id()
                    && (manifest == null
                            || (header.storeId().equals(manifest.storeId()) && header.kind() == entry.kind()));
            if (!isListed) {
                throw new DamageException(path, 0, "the segment of the manifest's " + entry, header.toString());
            }
            long length = lengthOf(file, header, entry, path);
            Segment segment = Segment.sealed(header, directory, entry.sealed() ? entry.length() : length);
            count(length);
            checkFrames(file, segment, length);
            checkHint(segment, entry);
            return segment;
        } catch (DamageException e) {
            findings.add(
                    Finding.Kind.HEADER,
                    path,
                    e.offset(),
                    "expected " + e.expected() + ", found " + e.found() + ": no frame of the segment can be checked");
        } catch (UnsupportedFormatException e) {
            findings.add(path, 0, e);
        } catch (IOException e) {
            findings.add(path, 0, e);
        }
        complete = false;
        return null;
    }

    /** How far the segment's frames go. */
    private long lengthOf(StoreFile file, SegmentHeader header, Manifest.SegmentEntry entry, String path)
            throws IOException {
        long fileBytes = file.size();
        if (!entry.sealed()) {
            TailScan scan = TailScan.scan(file, Segment.sealed(header, directory, fileBytes));
            if (scan.tornBytes() > 0) {
                findings.note(path + ": the last " + scan.tornBytes() + " bytes, from offset " + scan.end()
                        + ", are torn by a crash and were never acknowledged as durable; "
                        + "the next open sets them aside");
            }
            return scan.end();
        }
        if (fileBytes < entry.length()) {
            findings.add(
                    Finding.Kind.LENGTH,
                    path,
                    fileBytes,
                    "the file ends here, before the " + entry.length() + " bytes that the manifest lists");
            return fileBytes;
        }
        if (fileBytes > entry.length()) {
            findings.note(path + ": the segment ends at offset " + entry.length() + "; the "
                    + (fileBytes - entry.length()) + " bytes behind that are no part of it");
        }
        return entry.length();
    }

    private void checkFrames(StoreFile file, Segment segment, long length) {
        SegmentCheck.Contents found =
                SegmentCheck.check(file, segment.header(), segment.path(), length, findings, progress);
        if (length < segment.length()) {
            found = found.cutShort();
        }
        records += found.records().rows();
        complete = complete && found.complete();
        contents.put(segment.id(), found);
    }

    private void checkHint(Segment segment, Manifest.SegmentEntry entry) {
        String name = StoreFileNames.hint(segment.id());
        if (!names.contains(name) || !entry.sealed()) {
            if (entry.sealed()) {
                findings.note(segment.path() + " has no hint; the next open makes it anew, unless the snapshot covers "
                        + "the segment");
            }
            return;
        }
        SegmentCheck.Contents found = contents.get(segment.id());
        long hintBytes = sizeOf(directory, name);
        if (found != null && HintCheck.agrees(directory, segment, found.records(), findings)) {
            hinted.add(segment.id());
            contents.put(segment.id(), found.withoutRecords());
        }
        count(hintBytes);
        progress.addBytes(hintBytes);
    }

    /** Compares what each segment says of the one before it with that. */
    private void checkPrevious(Segments segments) {
        for (Segment segment : segments.all()) {
            SegmentHeader.Previous said = segment.header().previous();
            Segment previous = segments.find(said.segmentId());
            SegmentCheck.Contents found = contents.get(said.segmentId());
            if (previous != null && found != null && !said.fits(previous.length(), found.versionMax())) {
                findings.add(
                        Finding.Kind.HEADER,
                        segment.path(),
                        0,
                        "says " + said + " of the segment before it, which has " + previous.length()
                                + " bytes and version " + found.versionMax());
            }
        }
    }

    /** Compares the snapshot with the segments, and counts the keys that have a value. */
    private long checkIndex(Segments segments) throws IOException {
        progress.phase("comparing the index");
        List<IndexCheck.Source> sources = new ArrayList<>();
        SnapshotCheck snapshot = openSnapshot(segments);
        try {
            for (Segment segment : segments.all()) {
                SegmentCheck.Contents found = contents.get(segment.id());
                if (found != null) {
                    RecordSource source = hinted.contains(segment.id())
                            ? RecordSource.of(HintFile.openBriefly(directory, segment), segment)
                            : RecordSource.of(found.records(), segment);
                    sources.add(new IndexCheck.Source(source, segment.id()));
                }
            }
            return IndexCheck.check(sources, snapshot, complete);
        } catch (DamageException e) {
            // The hint was intact a moment ago.
            findings.add(Finding.Kind.HINT, e);
            return 0;
        } finally {
            for (IndexCheck.Source source : sources) {
                source.records().close();
            }
            if (snapshot != null) {
                snapshot.close();
            }
        }
    }

    private @Nullable SnapshotCheck openSnapshot(Segments segments) throws IOException {
        if (!names.contains(StoreFileNames.SNAPSHOT)) {
            findings.note("there is no index snapshot; an open does without");
            return null;
        }
        long snapshotBytes = sizeOf(directory, StoreFileNames.SNAPSHOT);
        count(snapshotBytes);
        progress.addBytes(snapshotBytes);
        return SnapshotCheck.open(segments, contents, findings);
    }

    private void checkStrayFiles(Manifest manifest) throws IOException {
        StrayFiles stray = new StrayFiles(directory, manifest);
        try {
            stray.checkManifestIsNewest();
            for (String name : stray.names()) {
                findings.note(directory.file(name) + " is not part of the store; the next open removes it");
            }
        } catch (DamageException e) {
            findings.add(Finding.Kind.MANIFEST, e);
        }
        for (String name : names) {
            if (StoreFileNames.isTorn(name)) {
                findings.note(directory.file(name) + " is what a crash tore off the log; kvdb does not read it");
            } else if (StoreFileNames.isSetAside(name)) {
                findings.note(directory.file(name) + " is what a repair set aside; kvdb does not read it");
            }
        }
    }

    private void count(long fileBytes) {
        files++;
        bytes += fileBytes;
    }

    private static boolean isPartOfStore(String name) {
        return name.equals(StoreFileNames.MANIFEST)
                || name.equals(StoreFileNames.SNAPSHOT)
                || StoreFileNames.segmentId(name).isPresent()
                || StoreFileNames.hintSegmentId(name).isPresent();
    }

    /** 0 where the file cannot be opened: its reader says why. */
    private static long sizeOf(StoreDirectory directory, String name) {
        try (StoreFile file = directory.files().openForReading(directory.file(name))) {
            return file.size();
        } catch (IOException e) {
            return 0;
        }
    }
}
