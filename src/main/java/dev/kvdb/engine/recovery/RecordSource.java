package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.log.BlockReader;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
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
        int[] rows = records.byKey();
        return new RecordSource() {
            private int at;

            @Override
            boolean next() {
                if (at == rows.length) {
                    return false;
                }
                moveTo(records.row(rows[at++]), segment);
                return true;
            }
        };
    }

    /**
     * The snapshot's entries that point at segments in {@code covered}: those that it covers and that the store still
     * has. They count as of the snapshot's version: a later record of the key wins, and a tombstone up to that version
     * was applied before the snapshot was made.
     */
    static RecordSource of(SnapshotFile.Opened snapshot, Segments segments, Set<Integer> covered) {
        BlockReader blocks = snapshot.blocks();
        return new RecordSource() {
            private boolean moved;
            private long keyBefore;

            @Override
            boolean next() {
                while (blocks.next()) {
                    ByteBuffer entry = blocks.bytes();
                    long entryKey = entry.getLong();
                    long entryLocation = entry.getLong();
                    boolean inOrder = !moved || entryKey > keyBefore;
                    boolean isCovered = covered.contains(RecordLocation.segmentId(entryLocation));
                    if (!inOrder || (isCovered && !fits(entryLocation))) {
                        throw new DamageException(
                                segments.directory()
                                        .file(StoreFileNames.SNAPSHOT)
                                        .toString(),
                                0,
                                "ascending keys, at places in their segments",
                                "key " + entryKey + " at " + Long.toHexString(entryLocation) + " behind key "
                                        + keyBefore);
                    }
                    moved = true;
                    keyBefore = entryKey;
                    if (isCovered) {
                        moveTo(entryKey, snapshot.header().version(), entryLocation);
                        return true;
                    }
                }
                return false;
            }

            private boolean fits(long entryLocation) {
                return RecordLocation.fitsInto(
                        entryLocation, segments.of(entryLocation).length());
            }

            @Override
            public void close() throws IOException {
                snapshot.close();
            }
        };
    }
}
