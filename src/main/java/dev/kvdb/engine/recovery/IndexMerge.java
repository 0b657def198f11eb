package dev.kvdb.engine.recovery;

import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segments;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Merges sources that are sorted by key into an index of each key's newest record, without holding more than a record
 * of each source.
 */
final class IndexMerge {

    private final Segments segments;
    private final boolean keepTombstones;
    private final OrderedIndex.Builder index = OrderedIndex.builder();
    private final Map<Long, Long> tombstones = new HashMap<>();
    private long lastVersion;

    /**
     * @param segments whose counters learn which records are live
     * @param keepTombstones whether {@link #tombstones} is needed
     */
    IndexMerge(Segments segments, boolean keepTombstones) {
        this.segments = segments;
        this.keepTombstones = keepTombstones;
    }

    /** Merges the sources; each is read to its end. */
    OrderedIndex merge(List<RecordSource> sources, Progress progress) {
        NewestRecords.forEach(sources, progress, this::add);
        return index.build();
    }

    /** The highest version met. */
    long lastVersion() {
        return lastVersion;
    }

    /** Keys whose newest record is a tombstone, with its version, where they were asked for. */
    Map<Long, Long> tombstones() {
        return tombstones;
    }

    private void add(long key, long version, long location) {
        lastVersion = Math.max(lastVersion, version);
        if (location != RecordSource.TOMBSTONE) {
            index.add(key, location);
            segments.of(location).counters().becameLive(location);
        } else if (keepTombstones) {
            tombstones.put(key, version);
        }
    }
}
