package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The index snapshot, read entry by entry. What it says of segments is compared with them when it is opened; its
 * entries are for {@link IndexCheck} to compare.
 *
 * <p>Belongs to one thread; holds the file open until closed.
 */
final class SnapshotCheck implements AutoCloseable {

    private final SnapshotFile.Opened snapshot;
    private final String path;
    private final Findings findings;
    private final Set<Integer> covered = new HashSet<>();
    private final SnapshotEntries entries;
    private boolean intact = true;

    private SnapshotCheck(SnapshotFile.Opened snapshot, String path, Findings findings) {
        this.snapshot = snapshot;
        this.path = path;
        this.findings = findings;
        this.entries = new SnapshotEntries(snapshot.leaves());
    }

    /**
     * Opens the snapshot and checks its header.
     *
     * @param segments those that could be read
     * @param contents what is in them
     * @return null where the snapshot is of no use
     */
    static @Nullable SnapshotCheck open(
            Segments segments, Map<Integer, SegmentCheck.Contents> contents, Findings findings) throws IOException {
        String path = segments.directory().file(StoreFileNames.SNAPSHOT).toString();
        SnapshotCheck check;
        try {
            check = new SnapshotCheck(SnapshotFile.open(segments), path, findings);
        } catch (DamageException e) {
            if (SnapshotFile.isOfEarlierFormat(segments.directory())) {
                findings.note(
                        "the index snapshot is of an earlier format; an open does without, and a close replaces it");
            } else {
                findings.add(Finding.Kind.SNAPSHOT, e);
            }
            return null;
        }
        for (CoveredSegment said : check.snapshot.header().segments()) {
            Segment segment = segments.find(said.id());
            SegmentCheck.Contents found = contents.get(said.id());
            if (segment != null && found != null) {
                check.compare(said, segment, found);
                check.covered.add(said.id());
            }
        }
        return check;
    }

    private void compare(CoveredSegment said, Segment segment, SegmentCheck.Contents found) {
        CoveredSegment stored = new CoveredSegment(
                segment.id(), segment.length(), found.sets(), found.tombstones(), found.tombstoneVersionMax());
        if (said.length() != segment.length() || (found.complete() && !said.equals(stored))) {
            findings.add(Finding.Kind.SNAPSHOT, path, 0, "has " + said + ", the segment is " + stored);
            intact = intact && said.length() == segment.length();
        }
        if (found.versionMax() > header().version()) {
            findings.add(
                    Finding.Kind.SNAPSHOT,
                    path,
                    0,
                    "is of version " + header().version() + ", and covers " + segment.path() + " with version "
                            + found.versionMax());
        }
    }

    /** What the snapshot begins with. */
    SnapshotHeader header() {
        return snapshot.header();
    }

    /** Whether all that was read so far could be used. */
    boolean isIntact() {
        return intact;
    }

    /** Whether a segment's records count only where the snapshot has an entry for them. */
    boolean covers(int segmentId) {
        return covered.contains(segmentId);
    }

    /** Moves to the next entry that an open would use. False at the end, and where the rest cannot be read. */
    boolean next() {
        try {
            while (intact && entries.next()) {
                if (covers(RecordLocation.segmentId(entries.location()))) {
                    return true;
                }
            }
        } catch (DamageException e) {
            findings.add(Finding.Kind.SNAPSHOT, e);
            intact = false;
        }
        return false;
    }

    long key() {
        return entries.key();
    }

    long location() {
        return entries.location();
    }

    /** The entry that {@link #next} moved to is wrong. */
    void add(String message) {
        findings.add(Finding.Kind.SNAPSHOT, path, entries.offset(), message);
    }

    /** The snapshot lacks an entry. */
    void addLack(String message) {
        findings.add(Finding.Kind.SNAPSHOT, path, 0, message);
    }

    @Override
    public void close() throws IOException {
        snapshot.close();
    }
}
