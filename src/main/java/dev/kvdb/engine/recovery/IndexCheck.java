package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.RecordLocation;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Merges the records of all segments by key, and compares the snapshot with them: each of its entries must point at
 * that key's newest record as of the snapshot's version, and an open that goes by the snapshot must come to the index
 * that one without it comes to. Holds no more than the records of one key.
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
        long truth = newest(Long.MIN_VALUE, RecordSource.TOMBSTONE, false);
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
        long asOf = with.header().version();
        if (snapshotHasNext && with.key() == key) {
            long entry = with.location();
            checkEntry(with, key, entry, asOf);
            if (complete && newest(asOf, entry, true) != truth) {
                with.add("an open by the snapshot would take " + describe(newest(asOf, entry, true)) + " for key " + key
                        + "; the log has " + describe(truth));
            }
            advanceSnapshot();
        } else if (complete && with.isIntact() && newest(Long.MIN_VALUE, RecordSource.TOMBSTONE, true) != truth) {
            with.addLack("has no entry for key " + key + "; the log has " + describe(truth));
        }
    }

    private void checkEntry(SnapshotCheck with, long key, long entry, long asOf) {
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
        for (int i = 0; i < records; i++) {
            if (versions[i] > version && versions[i] <= asOf) {
                with.add("the entry of key " + key + " is of version " + version + ", though version " + versions[i]
                        + " is in the snapshot of version " + asOf);
            }
        }
    }

    /** The newest of the records and of one more: the rule of {@link IndexMerge}. */
    private long newest(long version, long location, boolean uncoveredOnly) {
        long newestVersion = version;
        long newest = location;
        for (int i = 0; i < records; i++) {
            boolean counts = !uncoveredOnly || !covered[i];
            boolean wins =
                    versions[i] > newestVersion || (versions[i] == newestVersion && newest == RecordSource.TOMBSTONE);
            if (counts && wins) {
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
