package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.IndexFullException;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.index.PackedLeaf;
import dev.kvdb.engine.log.Segments;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Builds the index of each key's newest record from a snapshot and from sources that are sorted by key, without holding
 * more than a leaf of the one and a record of each of the others.
 *
 * <p>A leaf of the snapshot becomes one of the index as it is, unless the sources have a record in its range, or it has
 * an entry that does not count, since it points into a segment that the snapshot does not cover. Then it is merged with
 * the sources entry by entry. An entry counts as of the snapshot's version: a later record of the key wins, and a
 * tombstone up to that version was applied before the snapshot was made.
 */
final class IndexMerge {

    private final LiveRecords live;
    private final String directory;
    private final long indexBytesMax;
    private final boolean keepTombstones;
    private final OrderedIndex.Builder index = OrderedIndex.builder();
    private final Map<Long, Long> tombstones = new HashMap<>();
    private long snapshotVersion;
    private long snapshotEntries;
    private long lastVersion;

    /**
     * @param segments whose counters learn which records are live
     * @param covered ids of the segments that the snapshot covers
     * @param indexBytesMax heap that the index may take; 0 for no limit
     * @param keepTombstones whether {@link #tombstones} is needed
     */
    IndexMerge(Segments segments, Set<Integer> covered, long indexBytesMax, boolean keepTombstones) {
        this.live = new LiveRecords(segments, covered);
        this.directory = segments.directory().path().toString();
        this.indexBytesMax = indexBytesMax;
        this.keepTombstones = keepTombstones;
    }

    /**
     * Merges all there is.
     *
     * @param snapshot null where there is none; read to its end
     * @param sources each is read to its end
     * @throws IndexFullException where the index takes more than it may
     */
    OrderedIndex merge(SnapshotFile.@Nullable Opened snapshot, List<RecordSource> sources, Progress progress) {
        NewestRecords later = new NewestRecords(sources, progress);
        boolean hasLater = later.next();
        if (snapshot != null) {
            snapshotVersion = snapshot.header().version();
            lastVersion = snapshotVersion;
            snapshotEntries = snapshot.header().entries();
            SnapshotLeaves leaves = snapshot.leaves();
            while (leaves.next()) {
                PackedLeaf leaf = leaves.leaf();
                progress.add(leaf.count());
                boolean allCount = live.addCovered(leaves) == leaf.count();
                if (allCount && (!hasLater || later.key() > leaf.lastKey())) {
                    index.addLeaf(leaf);
                    requireRoom();
                } else {
                    hasLater = merge(leaf, allCount, later, hasLater);
                }
            }
        }
        while (hasLater) {
            add(later);
            hasLater = later.next();
        }
        live.tellCounters();
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

    /**
     * Merges a leaf of the snapshot, whose records are counted as live, with the records up to its last key.
     *
     * @param allCount whether all of its entries count
     * @return whether there is a later record after that
     */
    private boolean merge(PackedLeaf leaf, boolean allCount, NewestRecords later, boolean hasLater) {
        boolean has = hasLater;
        int at = 0;
        while (has && later.key() <= leaf.lastKey()) {
            int end = leaf.positionAtLeast(later.key(), at);
            addThoseThatCount(leaf, at, end, allCount);
            at = end;
            if (leaf.key(at) > later.key()) {
                add(later);
            } else {
                addNewer(leaf, at, later);
                at++;
            }
            has = later.next();
        }
        addThoseThatCount(leaf, at, leaf.count(), allCount);
        return has;
    }

    private void addThoseThatCount(PackedLeaf leaf, int from, int to, boolean allCount) {
        if (allCount) {
            index.addEntries(leaf, from, to);
            return;
        }
        for (int i = from; i < to; i++) {
            if (live.isCovered(leaf.location(i))) {
                index.addEntries(leaf, i, i + 1);
            }
        }
    }

    /** Adds an entry or a record of the same key. */
    private void addNewer(PackedLeaf leaf, int position, NewestRecords later) {
        long location = leaf.location(position);
        boolean counts = live.isCovered(location);
        if (counts && !NewestRecords.isNewer(later.version(), snapshotVersion, location)) {
            index.addEntries(leaf, position, position + 1);
            return;
        }
        if (counts) {
            live.remove(location);
        }
        add(later);
    }

    private void add(NewestRecords later) {
        lastVersion = Math.max(lastVersion, later.version());
        if (later.location() != RecordSource.TOMBSTONE) {
            index.add(later.key(), later.location());
            requireRoom();
            live.add(later.location());
        } else if (keepTombstones) {
            tombstones.put(later.key(), later.version());
        }
    }

    private void requireRoom() {
        if (indexBytesMax > 0 && index.memoryBytes() > indexBytesMax) {
            String ofHowMany = snapshotEntries == 0 ? "" : " of about " + snapshotEntries;
            throw IndexFullException.atOpen(
                    directory,
                    index.size() + " keys" + ofHowMany + " take " + index.memoryBytes() + " bytes",
                    indexBytesMax);
        }
    }
}
