package dev.kvdb.engine.recovery;

import java.util.List;

/**
 * Merges sources that are sorted by key, and tells each key's newest record. Where two records of a key have the same
 * version they are copies of one another, or the snapshot's word against a tombstone that it reflects already; the set
 * wins. Holds no more than a record of each source.
 *
 * <p>Belongs to one thread.
 */
final class NewestRecords {

    private final Progress progress;

    // A binary heap of the sources that have a record, the one of the least key on top.
    private final RecordSource[] heap;
    private final long[] keys;
    private int size;

    private long key;
    private long version;
    private long location;

    /** Told of each key's newest record, by ascending key. */
    interface Consumer {

        /** @param location where it is, or {@link RecordSource#TOMBSTONE} */
        void newest(long key, long version, long location);
    }

    /** @param sources each is read to its end, and not closed */
    NewestRecords(List<RecordSource> sources, Progress progress) {
        this.progress = progress;
        this.heap = sources.toArray(new RecordSource[0]);
        this.keys = new long[heap.length];
        for (RecordSource source : sources) {
            if (source.next()) {
                progress.add(1);
                heap[size] = source;
                keys[size] = source.key();
                size++;
            }
        }
        for (int slot = size / 2 - 1; slot >= 0; slot--) {
            siftDown(slot);
        }
    }

    /** Merges the sources; each is read to its end. */
    static void forEach(List<RecordSource> sources, Progress progress, Consumer consumer) {
        NewestRecords records = new NewestRecords(sources, progress);
        while (records.next()) {
            consumer.newest(records.key, records.version, records.location);
        }
    }

    /** Moves to the next key's newest record. False at the end. */
    boolean next() {
        if (size == 0) {
            return false;
        }
        key = keys[0];
        version = Long.MIN_VALUE;
        location = RecordSource.TOMBSTONE;
        do {
            RecordSource source = heap[0];
            if (isNewer(source.version(), version, location)) {
                version = source.version();
                location = source.location();
            }
            advanceFirst();
        } while (size > 0 && keys[0] == key);
        return true;
    }

    /** Whether a record of a version is newer than another one of its key, of that version and at that location. */
    static boolean isNewer(long version, long otherVersion, long otherLocation) {
        return version > otherVersion || (version == otherVersion && otherLocation == RecordSource.TOMBSTONE);
    }

    long key() {
        return key;
    }

    long version() {
        return version;
    }

    /** Where the record is, or {@link RecordSource#TOMBSTONE}. */
    long location() {
        return location;
    }

    private void advanceFirst() {
        if (heap[0].next()) {
            progress.add(1);
            keys[0] = heap[0].key();
        } else {
            size--;
            heap[0] = heap[size];
            keys[0] = keys[size];
        }
        siftDown(0);
    }

    private void siftDown(int from) {
        RecordSource source = heap[from];
        long moved = keys[from];
        int slot = from;
        for (int child = 2 * slot + 1; child < size; child = 2 * slot + 1) {
            int least = child + 1 < size && keys[child + 1] < keys[child] ? child + 1 : child;
            if (keys[least] >= moved) {
                break;
            }
            heap[slot] = heap[least];
            keys[slot] = keys[least];
            slot = least;
        }
        heap[slot] = source;
        keys[slot] = moved;
    }
}
