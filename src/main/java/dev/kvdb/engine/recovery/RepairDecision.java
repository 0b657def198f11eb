package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.Cursor;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.SegmentReads.StoredRecord;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.log.VersionRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Each key's newest record as far as it can be known, and what of it is lost.
 *
 * <p>The log alone tells, hints of damaged segments included, unless damage hides records from them too. Then the index
 * snapshot has the word for the segments that it covers, as at an open. A key whose newest value is lost has none, even
 * where an older one survives: a tombstone of the lost version says so. Where not even keys are known, each key's
 * newest surviving record stands.
 *
 * <p>Belongs to one thread.
 */
final class RepairDecision {

    private final RepairSurvey survey;
    private final Progress progress;
    private final Map<Long, LostKey> lost = new TreeMap<>();
    private final List<VersionRange> hidden = new ArrayList<>();

    /** Tombstones that the log needs and does not have: key to version. */
    private final Map<Long, Long> tombstones = new TreeMap<>();

    /** Sets in damaged segments that are their key's newest record: keys and locations, by segment. */
    private final Map<Integer, List<Long>> keysThere = new HashMap<>();

    private final Map<Integer, List<Long>> locationsThere = new HashMap<>();

    private OrderedIndex index = OrderedIndex.builder().build();

    /** Of the snapshot, where it has the word; else 0. */
    private long snapshotVersion;

    private long uncertainKeys;
    private long firstVersion = Long.MAX_VALUE;
    private long lastVersion;

    private RepairDecision(RepairSurvey survey, Progress progress) {
        this.survey = survey;
        this.progress = progress;
    }

    static RepairDecision of(RepairSurvey survey, Progress progress) throws IOException {
        RepairDecision decision = new RepairDecision(survey, progress);
        progress.phase("building the index");
        decision.buildIndex();
        decision.collectKeysThere();
        decision.judge();
        if (!decision.lost.isEmpty() || decision.snapshotVersion > 0) {
            decision.findOlderSurvivors();
        }
        return decision;
    }

    RepairLoss loss(boolean manifestUncertain) {
        return new RepairLoss(List.copyOf(lost.values()), hidden, uncertainKeys, manifestUncertain);
    }

    /** The lowest version that is to be written. */
    long firstVersion() {
        return firstVersion;
    }

    /** The highest version that is known of. */
    long lastVersion() {
        return lastVersion;
    }

    private void buildIndex() throws IOException {
        boolean hides = survey.damaged().values().stream()
                .anyMatch(segment -> !segment.hidden().isEmpty());
        boolean isBuilt = false;
        if (hides && survey.directory().files().exists(survey.directory().file(StoreFileNames.SNAPSHOT))) {
            isBuilt = buildIndexFromSnapshot();
            if (!isBuilt) {
                // A read that failed for once must not pass for damage.
                survey.directory().requireReadable(StoreFileNames.SNAPSHOT);
                isBuilt = buildIndexFromSnapshot();
            }
        }
        if (!isBuilt) {
            snapshotVersion = 0;
            build(Set.of(), null);
        }
    }

    /** False where the snapshot is of no use. */
    private boolean buildIndexFromSnapshot() throws IOException {
        try (SnapshotFile.Opened snapshot = SnapshotFile.open(survey.segments())) {
            Set<Integer> covered = snapshot.covered(survey.segments());
            snapshotVersion = snapshot.header().version();
            build(covered, RecordSource.of(snapshot, survey.segments(), covered));
            return true;
        } catch (DamageException e) {
            return false;
        }
    }

    /**
     * @param covered segments that the snapshot has the word for
     * @param snapshot its entries, or null; the caller closes it
     */
    private void build(Set<Integer> covered, @Nullable RecordSource snapshot) throws IOException {
        hidden.clear();
        uncertainKeys = 0;
        lastVersion = 0;
        survey.damaged().forEach((id, segment) -> {
            if (!covered.contains(id)) {
                hidden.addAll(segment.hidden());
            }
        });
        OrderedIndex.Builder builder = OrderedIndex.builder();
        List<RecordSource> sources = new ArrayList<>();
        try {
            survey.openAllRecords(covered, sources);
            if (snapshot != null) {
                sources.add(snapshot);
            }
            NewestRecords.forEach(sources, progress, (key, version, location) -> {
                lastVersion = Math.max(lastVersion, version);
                if (location != RecordSource.TOMBSTONE) {
                    builder.add(key, location);
                    uncertainKeys += hidden.stream().anyMatch(range -> version < range.to()) ? 1 : 0;
                }
            });
        } finally {
            for (RecordSource source : sources) {
                source.close();
            }
        }
        index = builder.build();
    }

    private void collectKeysThere() {
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        while (cursor.next()) {
            int segmentId = RecordLocation.segmentId(cursor.location());
            if (survey.damaged().containsKey(segmentId)) {
                keysThere.computeIfAbsent(segmentId, id -> new ArrayList<>()).add(cursor.key());
                locationsThere
                        .computeIfAbsent(segmentId, id -> new ArrayList<>())
                        .add(cursor.location());
            }
        }
    }

    private void judge() throws IOException {
        for (DamagedSegment segment : survey.damaged().values()) {
            forEachNewestSet(segment, new DamagedSegment.Judgement() {
                @Override
                public void saved(StoredRecord record) {
                    willWrite(record.header().version());
                }

                @Override
                public void lost(long key, int offset, @Nullable HintEntry known) {
                    long version = known == null ? LostKey.VERSION_UNKNOWN : known.version();
                    lost.put(
                            key,
                            new LostKey(key, version, segment.found().segment().path(), offset));
                }
            });
            RecordTable removed = segment.tombstones();
            for (int row = 0; row < removed.rows(); row++) {
                willWrite(removed.row(row).version());
            }
        }
    }

    private void forEachNewestSet(DamagedSegment segment, DamagedSegment.Judgement judgement) throws IOException {
        int id = segment.found().segment().id();
        segment.judge(
                survey.directory(),
                keysThere.getOrDefault(id, List.of()),
                locationsThere.getOrDefault(id, List.of()),
                judgement);
    }

    /**
     * Finds keys that have no value, though an older set of theirs survives and would pass for the newest record once
     * the damaged segments and the snapshot are gone.
     */
    private void findOlderSurvivors() throws IOException {
        List<RecordSource> sources = new ArrayList<>();
        try {
            survey.openRecordsWithoutDamagedSets(sources);
            NewestRecords.forEach(sources, progress, (key, version, location) -> {
                LostKey lostHere = lost.get(key);
                boolean hasNoValue = lostHere != null || index.get(key) == OrderedIndex.ABSENT;
                if (location != RecordSource.TOMBSTONE && hasNoValue) {
                    bury(key, version, location, lostHere);
                }
            });
        } finally {
            for (RecordSource source : sources) {
                source.close();
            }
        }
    }

    private void bury(long key, long version, long location, @Nullable LostKey lostHere) {
        long buriedVersion;
        boolean isCopy;
        if (lostHere != null && lostHere.version() != LostKey.VERSION_UNKNOWN) {
            buriedVersion = lostHere.version();
            isCopy = version >= buriedVersion;
        } else {
            buriedVersion = snapshotVersion;
            isCopy = version >= buriedVersion
                    || survey.segments().of(location).header().liveAsOf() >= buriedVersion;
        }
        if (isCopy) {
            // The very record that is lost elsewhere.
            lost.remove(key);
        } else {
            tombstones.put(key, buriedVersion);
            willWrite(buriedVersion);
        }
    }

    private void willWrite(long version) {
        firstVersion = Math.min(firstVersion, version);
        lastVersion = Math.max(lastVersion, version);
    }

    /** Writes what is to stand in the place of the damaged segments. */
    void write(RepairOutput output) throws IOException {
        for (DamagedSegment segment : survey.damaged().values()) {
            progress.phase(
                    "writing anew what is whole in " + segment.found().segment().path());
            forEachNewestSet(segment, new DamagedSegment.Judgement() {
                @Override
                public void saved(StoredRecord record) throws IOException {
                    output.append(record.header(), record.value());
                }

                @Override
                public void lost(long key, int offset, @Nullable HintEntry known) {
                    // Known already.
                }
            });
            segment.copyTombstones(output);
        }
        for (Map.Entry<Long, Long> tombstone : tombstones.entrySet()) {
            output.append(FrameHeader.ofRemove(tombstone.getValue(), tombstone.getKey()), RepairOutput.NO_VALUE);
        }
    }
}
