package dev.kvdb.engine.recovery;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Merges sources that are sorted by key, and tells each key's newest record. Where two records of a key have the same
 * version they are copies of one another, or the snapshot's word against a tombstone that it reflects already; the set
 * wins. Holds no more than a record of each source.
 */
final class NewestRecords {

    private NewestRecords() {}

    /** Told of each key's newest record, by ascending key. */
    interface Consumer {

        /** @param location where it is, or {@link RecordSource#TOMBSTONE} */
        void newest(long key, long version, long location);
    }

    /** Merges the sources; each is read to its end. */
    static void forEach(List<RecordSource> sources, Progress progress, Consumer consumer) {
        PriorityQueue<RecordSource> queue =
                new PriorityQueue<>(Math.max(1, sources.size()), Comparator.comparingLong(RecordSource::key));
        for (RecordSource source : sources) {
            advance(source, queue, progress);
        }
        while (!queue.isEmpty()) {
            long key = queue.element().key();
            long version = Long.MIN_VALUE;
            long location = RecordSource.TOMBSTONE;
            while (!queue.isEmpty() && queue.element().key() == key) {
                RecordSource source = queue.remove();
                boolean wins = source.version() > version
                        || (source.version() == version && location == RecordSource.TOMBSTONE);
                if (wins) {
                    version = source.version();
                    location = source.location();
                }
                advance(source, queue, progress);
            }
            consumer.newest(key, version, location);
        }
    }

    private static void advance(RecordSource source, PriorityQueue<RecordSource> queue, Progress progress) {
        if (source.next()) {
            queue.add(source);
            progress.add(1);
        }
    }
}
