package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * All segments of a store that is to be repaired: which are whole, and what there is of the others. Makes the hints of
 * whole ones anew where they are missing or wrong, which loses nothing.
 *
 * <p>Belongs to one thread.
 */
final class RepairSurvey {

    private static final int OPEN_FILES_MAX = 1;

    private final StoreDirectory directory;
    private final Manifest manifest;

    /** No version in a segment that was sealed when the repair began exceeds the floor of the manifest of then. */
    private final @Nullable Manifest asFound;

    private final boolean mayWrite;
    private final Progress progress;
    private final Segments segments;
    private final Map<Integer, SegmentAdoption> found = new TreeMap<>();
    private final Map<Integer, DamagedSegment> damaged = new TreeMap<>();

    /** Whole segments whose hint has their records. */
    private final Set<Integer> hinted = new HashSet<>();

    /** The records of the other whole ones. */
    private final Map<Integer, RecordTable> records = new TreeMap<>();

    private int hintsWritten;

    /** How far the segments that are whole by themselves go. */
    private final Map<Integer, Extent> extents = new TreeMap<>();

    private record Extent(long length, long versionMax) {}

    private RepairSurvey(
            StoreDirectory directory,
            Manifest manifest,
            @Nullable Manifest asFound,
            boolean mayWrite,
            Progress progress)
            throws IOException {
        this.directory = directory;
        this.manifest = manifest;
        this.asFound = asFound;
        this.mayWrite = mayWrite;
        this.progress = progress;
        this.segments = new Segments(directory, manifest, OPEN_FILES_MAX);
        for (Manifest.SegmentEntry entry : manifest.segments()) {
            SegmentAdoption adoption = SegmentAdoption.of(directory, manifest, entry);
            found.put(entry.id(), adoption);
            segments.adopt(adoption.segment());
        }
    }

    /**
     * Brings the log's end in order as an open does, where its frames can be verified. Changes the manifest on disk, so
     * read it anew.
     */
    static void recoverTail(StoreDirectory directory, Manifest manifest, RandomGenerator random, Progress progress)
            throws IOException {
        RepairSurvey survey = new RepairSurvey(directory, manifest, null, true, progress);
        try {
            boolean isReadable = survey.found.values().stream()
                    .filter(adoption -> !adoption.sealed())
                    .allMatch(SegmentAdoption::isReadable);
            if (isReadable) {
                TailRecovery.run(survey.segments, manifest, random);
            }
        } finally {
            survey.segments.close();
        }
    }

    /**
     * Reads all segments.
     *
     * @param manifest what they are
     * @param asFound the manifest that the repair began with; null where it was lost
     * @param mayWrite whether hints may be made anew
     */
    static RepairSurvey of(
            StoreDirectory directory,
            Manifest manifest,
            @Nullable Manifest asFound,
            boolean mayWrite,
            Progress progress)
            throws IOException {
        RepairSurvey survey = new RepairSurvey(directory, manifest, asFound, mayWrite, progress);
        for (SegmentAdoption adoption : survey.found.values()) {
            progress.phase("reading " + adoption.segment().path());
            survey.read(adoption);
        }
        survey.findContradictions();
        if (survey.hintsWritten > 0) {
            directory.sync();
        }
        return survey;
    }

    private void read(SegmentAdoption adoption) throws IOException {
        Segment segment = adoption.segment();
        if (adoption.state() != SegmentAdoption.State.WHOLE) {
            damaged.put(segment.id(), surveyed(adoption, lengthOf(adoption)));
            return;
        }
        Findings findings = new Findings();
        SegmentCheck.Contents contents;
        long length = lengthOf(adoption);
        boolean isShort;
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.segment(segment.id())))) {
            isShort = file.size() < length;
            contents = SegmentCheck.check(
                    file, segment.header(), segment.path(), Math.min(length, file.size()), findings, progress);
        }
        for (Finding finding : findings.findings()) {
            if (finding.kind() == Finding.Kind.UNREADABLE) {
                throw new IOException(finding.file() + " at offset " + finding.offset() + " " + finding.message());
            }
        }
        if (isShort || findings.findingsTotal() > 0) {
            damaged.put(segment.id(), surveyed(adoption, length));
        } else {
            extents.put(segment.id(), new Extent(length, contents.versionMax()));
            readHint(adoption, contents.records());
        }
    }

    /** Where the segment ends: as the manifest says, or where the log does; zeros may follow that, or torn bytes. */
    private long lengthOf(SegmentAdoption adoption) throws IOException {
        Segment segment = adoption.segment();
        if (adoption.sealed() || !adoption.isReadable()) {
            return segment.length();
        }
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.segment(segment.id())))) {
            return TailScan.scan(file, segment).end();
        }
    }

    /**
     * A segment whose header says of the one before it what that is not has to be written anew, though all its records
     * are whole: what the header says bounds what damage may hide.
     */
    private void findContradictions() throws IOException {
        for (SegmentAdoption adoption : found.values()) {
            int id = adoption.segment().id();
            SegmentHeader.Previous said = adoption.segment().header().previous();
            Extent own = extents.get(id);
            Extent previous = extents.get(said.segmentId());
            if (own != null && previous != null && !said.fits(previous.length(), previous.versionMax())) {
                damaged.put(id, surveyed(adoption, own.length()));
                hinted.remove(id);
                records.remove(id);
            }
        }
    }

    private DamagedSegment surveyed(SegmentAdoption adoption, long length) throws IOException {
        long lastVersion = Recovery.lastVersionOf(adoption.segment(), segments);
        Manifest begunWith = asFound;
        if (begunWith != null
                && begunWith.segments().stream()
                        .anyMatch(entry -> entry.sealed()
                                && entry.id() == adoption.segment().id())) {
            lastVersion = Math.min(lastVersion, begunWith.versionFloor() - 1);
        }
        return DamagedSegment.survey(directory, adoption, length, lastVersion);
    }

    private void readHint(SegmentAdoption adoption, RecordTable contents) throws IOException {
        Segment segment = adoption.segment();
        String hint = StoreFileNames.hint(segment.id());
        boolean agrees = adoption.sealed()
                && directory.files().exists(directory.file(hint))
                && HintCheck.agrees(directory, segment, contents, new Findings());
        if (!agrees && adoption.sealed() && mayWrite) {
            HintFile.write(directory, segment, contents);
            hintsWritten++;
            agrees = true;
        }
        if (agrees) {
            hinted.add(segment.id());
        } else {
            records.put(segment.id(), contents);
        }
    }

    StoreDirectory directory() {
        return directory;
    }

    Manifest manifest() {
        return manifest;
    }

    Segments segments() {
        return segments;
    }

    Map<Integer, DamagedSegment> damaged() {
        return damaged;
    }

    int hintsWritten() {
        return hintsWritten;
    }

    /** Opens all records that are known, without those of the segments in {@code except}. The caller closes them. */
    void openAllRecords(Set<Integer> except, List<RecordSource> sources) {
        openWholeSegments(except, sources);
        damaged.forEach((id, segment) -> {
            if (!except.contains(id)) {
                sources.add(RecordSource.of(segment.records(), segment.found().segment()));
            }
        });
    }

    /** Opens the records of all whole segments, and the tombstones of damaged ones. The caller closes them. */
    void openRecordsWithoutDamagedSets(List<RecordSource> sources) {
        openWholeSegments(Set.of(), sources);
        damaged.values()
                .forEach(segment -> sources.add(
                        RecordSource.of(segment.tombstones(), segment.found().segment())));
    }

    private void openWholeSegments(Set<Integer> except, List<RecordSource> sources) {
        for (SegmentAdoption adoption : found.values()) {
            Segment segment = adoption.segment();
            RecordTable table = records.get(segment.id());
            if (!except.contains(segment.id())) {
                if (hinted.contains(segment.id())) {
                    sources.add(RecordSource.of(HintFile.open(directory, segment), segment));
                } else if (table != null) {
                    sources.add(RecordSource.of(table, segment));
                }
            }
        }
    }
}
