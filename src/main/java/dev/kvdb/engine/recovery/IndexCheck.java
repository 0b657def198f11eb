package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.RecordLocation;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Merges the records of all segments by key, and compares the snapshot with them: each of its entries must point at
 * that key's newest record as of the snapshot's version, and it must have an entry for each key whose newest record it
 * covers. Since it covers no record that is newer than itself ({@link SnapshotCheck} sees to that), an open that goes
 * by it comes to the index that one without it comes to. Holds no more than the records of one key.
 *
 * <p>Belongs to one thread.
 */
final class IndexCheck {

    private static final int RECORDS_AT_FIRST = 16;

    private final PriorityQueue<Source> queue = new PriorityQueue<>(Comparator.comparingLong(Source::key));
    private final @Nullable SnapshotCheck snapshot;
    private final boolean complete;
    private boolean snapshotHasNext;
    private long liveRecords;

    // The records of the key that is looked at.
    private long[] versions = new long[RECORDS_AT_FIRST];
    private long[] locations = new long[RECORDS_AT_FIRST];
    private boolean[] covered = new boolean[RECORDS_AT_FIRST];
    private int records;

    /** A segment's records, by key. */
    record Source(RecordSource records, int segmentId) {
        long key() {
            return records.key();
        }
    }

    private IndexCheck(@Nullable SnapshotCheck snapshot, boolean complete) {
        this.snapshot = snapshot;
        this.complete = complete;
    }

    /**
     * Reads all sources to their end.
     *
     * @param snapshot null where there is none
     * @param complete whether the sources have all records of the store, so that a record that the snapshot lacks is
     *     the snapshot's fault
     * @return how many keys have a value
     */
    static long check(List<Source> sources, @Nullable SnapshotCheck snapshot, boolean complete) {
        IndexCheck check = new IndexCheck(snapshot, complete);
        sources.forEach(check::advance);
        check.advanceSnapshot();
        while (!check.queue.isEmpty() || check.snapshotHasNext) {
            check.checkKey();
        }
        return check.liveRecords;
    }

    private void checkKey() {
        Source first = queue.peek();
        long key = first == null || (snapshot != null && snapshotHasNext && snapshot.key() < first.key())
                ? snapshotKey()
                : first.key();
        records = 0;
        while (!queue.isEmpty() && queue.element().key() == key) {
            Source source = queue.remove();
            add(source);
            advance(source);
        }
        long truth = newest(false);
        if (truth != RecordSource.TOMBSTONE) {
            liveRecords++;
        }
        if (snapshot != null) {
            compare(snapshot, key, truth);
        }
    }

    private long snapshotKey() {
        if (snapshot == null) {
            throw new IllegalStateException("neither a record nor an entry is left");
        }
        return snapshot.key();
    }

    private void compare(SnapshotCheck with, long key, long truth) {
        if (snapshotHasNext && with.key() == key) {
            checkEntry(with, key);
            advanceSnapshot();
        } else if (complete && with.isIntact() && newest(true) != truth) {
            with.addLack("has no entry for key " + key + "; the log has " + describe(truth));
        }
    }

    private void checkEntry(SnapshotCheck with, long key) {
        long entry = with.location();
        long version = -1;
        for (int i = 0; i < records; i++) {
            if (locations[i] == entry) {
                version = versions[i];
            }
        }
        if (version < 0) {
            with.add("the entry of key " + key + " is " + describe(entry) + ", where no intact record of it is");
            return;
        }
        long asOf = with.header().version();
        long newest = version;
        for (int i = 0; i < records; i++) {
            if (versions[i] <= asOf) {
                newest = Math.max(newest, versions[i]);
            }
        }
        if (newest > version) {
            with.add("the entry of key " + key + " is of version " + version + ", though version " + newest
                    + " is in the snapshot of version " + asOf);
        }
    }

    /** Where the newest record is, of all or of those that the snapshot does not cover. */
    private long newest(boolean uncoveredOnly) {
        long newestVersion = -1;
        long newest = RecordSource.TOMBSTONE;
        for (int i = 0; i < records; i++) {
            boolean counts = !uncoveredOnly || !covered[i];
            if (counts && versions[i] > newestVersion) {
                newestVersion = versions[i];
                newest = locations[i];
            }
        }
        return newest;
    }

    private void add(Source source) {
        if (records == versions.length) {
            int capacity = 2 * records;
            versions = Arrays.copyOf(versions, capacity);
            locations = Arrays.copyOf(locations, capacity);
            covered = Arrays.copyOf(covered, capacity);
        }
        versions[records] = source.records().version();
        locations[records] = source.records().location();
        covered[records] = snapshot != null && snapshot.covers(source.segmentId());
        records++;
    }

    private void advance(Source source) {
        if (source.records().next()) {
            queue.add(source);
        }
    }

    private void advanceSnapshot() {
        snapshotHasNext = snapshot != null && snapshot.next();
    }

    private static String describe(long location) {
        return location == RecordSource.TOMBSTONE
                ? "no value"
                : "segment " + RecordLocation.segmentId(location) + ", offset " + RecordLocation.offset(location);
    }
}
