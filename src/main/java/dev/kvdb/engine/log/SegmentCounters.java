package dev.kvdb.engine.log;

import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a segment holds, and how much of it is live. The number of live sets is exact; live bytes are the rounded sizes
 * that locations carry, at most 1/32 too many. Safe for use by several threads.
 */
public final class SegmentCounters {

    private final AtomicLong sets = new AtomicLong();
    private final AtomicLong tombstones = new AtomicLong();
    private final AtomicLong tombstoneVersionMax = new AtomicLong();
    private final AtomicLong liveSets = new AtomicLong();
    private final AtomicLong liveBytes = new AtomicLong();

    /** Counts a set that the segment holds, live or not. */
    public void addSet() {
        sets.incrementAndGet();
    }

    /** Counts a tombstone that the segment holds. */
    public void addTombstone(long version) {
        tombstones.incrementAndGet();
        tombstoneVersionMax.accumulateAndGet(version, Math::max);
    }

    /** Takes over what a snapshot says that the segment holds. */
    public void restore(long setCount, long tombstoneCount, long tombstoneVersion) {
        sets.set(setCount);
        tombstones.set(tombstoneCount);
        tombstoneVersionMax.set(tombstoneVersion);
    }

    /** The index now points at a record of the segment. */
    public void becameLive(long location) {
        becameLive(1, RecordLocation.frameBytesAtLeast(location));
    }

    /** The index now points at so many records of the segment, of so many bytes as their locations say. */
    public void becameLive(long setCount, long frameBytes) {
        liveSets.addAndGet(setCount);
        liveBytes.addAndGet(frameBytes);
    }

    /** The index no longer points at a record of the segment. */
    public void becameDead(long location) {
        liveSets.decrementAndGet();
        liveBytes.addAndGet(-RecordLocation.frameBytesAtLeast(location));
    }

    /** Sets in the segment, superseded ones included. */
    public long sets() {
        return sets.get();
    }

    /** Sets that the index points at. */
    public long liveSets() {
        return liveSets.get();
    }

    /** Bytes of the frames of live sets. */
    public long liveBytes() {
        return liveBytes.get();
    }

    /** Tombstones in the segment. */
    public long tombstones() {
        return tombstones.get();
    }

    /** Bytes of the tombstones' frames. */
    public long tombstoneBytes() {
        return tombstones.get() * FrameHeader.REMOVE_BYTES;
    }

    /** The highest version of a tombstone in the segment, 0 for none. */
    public long tombstoneVersionMax() {
        return tombstoneVersionMax.get();
    }

    /** Whether the segment holds a set that is not its key's newest record. */
    public boolean hasSupersededSet() {
        // In this order a set that is applied meanwhile can make a segment look as if it held one, and never the other
        // way round.
        long live = liveSets.get();
        return sets.get() != live;
    }
}
