package dev.kvdb.engine.recovery;

import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segments;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Merges sources that are sorted by key into an index of each key's newest record, without holding more than a record
 * of each source. Where two records of a key have the same version they are copies of one another, or the snapshot's
 * word against a tombstone that it reflects already; the set wins.
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
        PriorityQueue<RecordSource> queue =
                new PriorityQueue<>(Math.max(1, sources.size()), Comparator.comparingLong(RecordSource::key));
        for (RecordSource source : sources) {
            advance(source, queue, progress);
        }
        while (!queue.isEmpty()) {
            mergeKey(queue, progress);
        }
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

    private void mergeKey(PriorityQueue<RecordSource> queue, Progress progress) {
        long key = queue.element().key();
        long version = Long.MIN_VALUE;
        long location = RecordSource.TOMBSTONE;
        while (!queue.isEmpty() && queue.element().key() == key) {
            RecordSource source = queue.remove();
            boolean wins =
                    source.version() > version || (source.version() == version && location == RecordSource.TOMBSTONE);
            if (wins) {
                version = source.version();
                location = source.location();
            }
            advance(source, queue, progress);
        }
        lastVersion = Math.max(lastVersion, version);
        if (location != RecordSource.TOMBSTONE) {
            index.add(key, location);
            segments.of(location).counters().becameLive(location);
        } else if (keepTombstones) {
            tombstones.put(key, version);
        }
    }

    private void advance(RecordSource source, PriorityQueue<RecordSource> queue, Progress progress) {
        if (source.next()) {
            queue.add(source);
            progress.add(1);
        }
    }
}
