package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import java.io.IOException;
import java.util.Set;

/**
 * Records in ascending order of key, from one hint, one scanned segment, or the snapshot. Counts what it reads in the
 * segment's counters.
 *
 * <p>Belongs to one thread.
 */
abstract class RecordSource implements AutoCloseable {

    /** Stands for a tombstone where a location is expected. */
    static final long TOMBSTONE = 0;

    private long key;
    private long version;
    private long location;

    /** Moves to the next record. False at the end. */
    abstract boolean next();

    final long key() {
        return key;
    }

    final long version() {
        return version;
    }

    /** The record's location, or {@link #TOMBSTONE}. */
    final long location() {
        return location;
    }

    @Override
    public void close() throws IOException {}

    final void moveTo(long nextKey, long nextVersion, long nextLocation) {
        key = nextKey;
        version = nextVersion;
        location = nextLocation;
    }

    final void moveTo(HintEntry entry, Segment segment) {
        if (entry.isTombstone()) {
            segment.counters().addTombstone(entry.version());
            moveTo(entry.key(), entry.version(), TOMBSTONE);
        } else {
            segment.counters().addSet();
            moveTo(entry.key(), entry.version(), entry.location(segment.id()));
        }
    }

    static RecordSource of(HintFile hint, Segment segment) {
        return new RecordSource() {
            @Override
            boolean next() {
                HintEntry entry = hint.next();
                if (entry != null) {
                    moveTo(entry, segment);
                }
                return entry != null;
            }

            @Override
            public void close() throws IOException {
                hint.close();
            }
        };
    }

    static RecordSource of(RecordTable records, Segment segment) {
        RecordTable ordered = records.byKey();
        return new RecordSource() {
            private int at;

            @Override
            boolean next() {
                if (at == ordered.rows()) {
                    return false;
                }
                moveTo(ordered.row(at++), segment);
                return true;
            }
        };
    }

    /**
     * The snapshot's entries that point at segments in {@code covered}: those that it covers and that the store still
     * has. They count as of the snapshot's version: a later record of the key wins, and a tombstone up to that version
     * was applied before the snapshot was made. Closes the snapshot.
     */
    static RecordSource of(SnapshotFile.Opened snapshot, Segments segments, Set<Integer> covered) {
        SnapshotEntries entries = new SnapshotEntries(snapshot.leaves());
        LiveRecords known = new LiveRecords(segments, covered);
        return new RecordSource() {
            @Override
            boolean next() {
                while (entries.next()) {
                    if (entries.isFirstOfLeaf()) {
                        known.addCovered(snapshot.leaves());
                    }
                    if (known.isCovered(entries.location())) {
                        moveTo(entries.key(), snapshot.header().version(), entries.location());
                        return true;
                    }
                }
                return false;
            }

            @Override
            public void close() throws IOException {
                snapshot.close();
            }
        };
    }
}
