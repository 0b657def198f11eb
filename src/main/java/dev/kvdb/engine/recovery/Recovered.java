package dev.kvdb.engine.recovery;

import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.VersionRange;
import java.util.List;
import java.util.Map;

/**
 * A store as an open found it.
 *
 * @param segments its segments, all sealed
 * @param index each key's newest record
 * @param nextVersion above every version that was ever given out
 * @param hidden versions of records that damage hides; where there are any, the store takes no writes
 * @param tombstones where versions are hidden: keys whose newest surviving record is a tombstone, with its version
 * @param clean whether the store had been closed properly
 * @param snapshotRead whether there was an intact index snapshot
 * @param recordsScanned records read from segments, not from hints or the snapshot
 * @param hintsRebuilt hints that were missing or damaged and were made anew
 * @param tornBytes bytes at the log's end that were set aside
 */
public record Recovered(
        Segments segments,
        OrderedIndex index,
        long nextVersion,
        List<VersionRange> hidden,
        Map<Long, Long> tombstones,
        boolean clean,
        boolean snapshotRead,
        long recordsScanned,
        int hintsRebuilt,
        long tornBytes) {}
