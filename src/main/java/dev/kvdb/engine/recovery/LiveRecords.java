package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.PackedLeaf;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import java.util.List;
import java.util.Set;

/**
 * Counts which records of which segment are live while an index is built, in plain arrays, since it is done for each
 * key of the store; and knows which segments the snapshot covers.
 *
 * <p>Belongs to one thread.
 */
final class LiveRecords {

    private static final int SLOTS_PER_SEGMENT = 4;

    private final int slotMask;

    // A hash table with open addressing, by segment id; 0 where a slot is free. Ids mostly follow one another.
    private final int[] ids;
    private final Segment[] segments;

    /** How long the segment is, where the snapshot covers it; else 0. */
    private final long[] coveredLengths;

    private final long[] sets;
    private final long[] bytes;

    /** @param covered ids of the segments that the snapshot covers */
    LiveRecords(Segments all, Set<Integer> covered) {
        List<Segment> list = all.all();
        int slots = Integer.highestOneBit(SLOTS_PER_SEGMENT * (list.size() + 1));
        slotMask = slots - 1;
        ids = new int[slots];
        segments = new Segment[slots];
        coveredLengths = new long[slots];
        sets = new long[slots];
        bytes = new long[slots];
        for (Segment segment : list) {
            int slot = slotOf(segment.id());
            ids[slot] = segment.id();
            segments[slot] = segment;
            coveredLengths[slot] = covered.contains(segment.id()) ? segment.length() : 0;
        }
    }

    /** Whether the snapshot has the word on a record there. */
    boolean isCovered(long location) {
        return coveredLengths[slotOf(RecordLocation.segmentId(location))] > 0;
    }

    /**
     * Counts the records of the leaf that {@code snapshot} is at, those in covered segments.
     *
     * @return how many these are
     * @throws dev.kvdb.engine.error.DamageException where no record can be at such a place in its segment
     */
    int addCovered(SnapshotLeaves snapshot) {
        PackedLeaf leaf = snapshot.leaf();
        int count = leaf.count();
        int there = 0;
        for (int i = 0; i < count; i++) {
            long location = leaf.location(i);
            int slot = slotOf(RecordLocation.segmentId(location));
            long length = coveredLengths[slot];
            if (length > 0) {
                if (!RecordLocation.fitsInto(location, length)) {
                    throw snapshot.damage(
                            i, "a place in a segment of " + length + " bytes", Long.toHexString(location));
                }
                sets[slot]++;
                bytes[slot] += RecordLocation.frameBytesAtLeast(location);
                there++;
            }
        }
        return there;
    }

    /** Counts a record. */
    void add(long location) {
        int slot = slotOf(RecordLocation.segmentId(location));
        if (ids[slot] == 0) {
            throw new IllegalStateException("no segment " + RecordLocation.segmentId(location));
        }
        sets[slot]++;
        bytes[slot] += RecordLocation.frameBytesAtLeast(location);
    }

    /** A record that was counted is not its key's newest. */
    void remove(long location) {
        int slot = slotOf(RecordLocation.segmentId(location));
        sets[slot]--;
        bytes[slot] -= RecordLocation.frameBytesAtLeast(location);
    }

    /** Tells the segments' counters. To be called once, at the end. */
    void tellCounters() {
        for (int slot = 0; slot < ids.length; slot++) {
            if (ids[slot] != 0) {
                segments[slot].counters().becameLive(sets[slot], bytes[slot]);
            }
        }
    }

    /** The slot of that id, or the free one where it belongs. */
    private int slotOf(int id) {
        int slot = id & slotMask;
        while (ids[slot] != id && ids[slot] != 0) {
            slot = (slot + 1) & slotMask;
        }
        return slot;
    }
}
