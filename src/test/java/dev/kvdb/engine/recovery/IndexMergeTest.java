package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.index.Cursor;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random snapshots of many leaves and random records beside them: the index and what counts as live are what a plain
 * reading of the rules comes to.
 */
class IndexMergeTest {

    private static final int SEGMENTS = 8;
    private static final int SOURCES_MAX = 3;
    private static final int SEGMENT_BYTES = 1 << 20;
    private static final long SNAPSHOT_VERSION = 1000;
    private static final UUID STORE = new UUID(1, 2);

    /** A record, or a snapshot's entry, which counts as of the snapshot's version. */
    private record Known(long version, long location) {}

    private final CrashingFileSystem disk = new CrashingFileSystem();

    @Test
    void snapshotAndLaterRecords_comeToTheNewestOfEachKey() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int round = 0; round < 200; round++) {
                new Round(random.split()).run();
            }
        });
    }

    private final class Round {

        private final SplittableRandom random;
        private final StoreDirectory directory = new StoreDirectory(disk, disk.root());
        private final Segments segments =
                new Segments(directory, new Manifest(STORE, 1, SEGMENTS + 1, List.of()), SEGMENTS);
        private final int keyMax;
        private final Map<Long, Known> newest = new HashMap<>();

        Round(SplittableRandom random) {
            this.random = random;
            this.keyMax = 1 + random.nextInt(4000);
        }

        void run() throws IOException {
            int inTheSnapshot = random.nextInt(SEGMENTS + 1);
            for (int id = 1; id <= inTheSnapshot; id++) {
                addSegment(id);
            }
            Set<Integer> covered = new HashSet<>();
            writeSnapshot(inTheSnapshot, covered);
            for (int id = inTheSnapshot + 1; id <= SEGMENTS; id++) {
                addSegment(id);
            }
            List<RecordSource> sources = new ArrayList<>();
            for (int i = random.nextInt(SOURCES_MAX + 1); i > 0; i--) {
                sources.add(source(i - 1, inTheSnapshot));
            }
            boolean keepTombstones = random.nextBoolean();
            IndexMerge merge = new IndexMerge(segments, covered, 0, keepTombstones);
            OrderedIndex index;
            try (SnapshotFile.Opened snapshot = SnapshotFile.open(segments)) {
                assertThat(snapshot.covered(segments)).isEqualTo(covered);
                index = merge.merge(snapshot, sources, new Progress((phase, done, total) -> {}, 1));
            }
            compare(index, keepTombstones ? merge.tombstones() : null);
        }

        private void addSegment(int id) {
            SegmentHeader header = new SegmentHeader(Kind.APPENDED, STORE, id, 1, 0, Previous.NONE, 0);
            segments.adopt(Segment.sealed(header, directory, SEGMENT_BYTES));
        }

        /** Some entries may be in segments of which the snapshot does not know that they are sealed. */
        private void writeSnapshot(int inTheSnapshot, Set<Integer> covered) throws IOException {
            OrderedIndex index = new OrderedIndex();
            int uncoveredPercent = random.nextInt(3) == 0 ? random.nextInt(101) : 0;
            int entries = random.nextInt(4) == 0 ? random.nextInt(20) : random.nextInt(3000);
            for (int i = 0; i < entries; i++) {
                long key = key();
                boolean isCovered = random.nextInt(100) >= uncoveredPercent && inTheSnapshot > 0;
                int segment = isCovered ? 1 + random.nextInt(inTheSnapshot) : SEGMENTS + 1 - random.nextInt(2);
                if (!isCovered && segment <= inTheSnapshot) {
                    continue;
                }
                long location = location(segment);
                index.put(key, location);
                if (isCovered) {
                    newest.put(key, new Known(SNAPSHOT_VERSION, location));
                } else {
                    newest.remove(key);
                }
            }
            SnapshotFile.write(segments, index, () -> SNAPSHOT_VERSION);
            SnapshotFile.publish(directory);
            for (int id = 1; id <= inTheSnapshot; id++) {
                covered.add(id);
            }
        }

        /** Sets of one version are copies of one another; so these have versions of their own. */
        private RecordSource source(int number, int inTheSnapshot) {
            int records = random.nextInt(4) == 0 ? random.nextInt(2000) : random.nextInt(20);
            TreeMap<Long, Known> byKey = new TreeMap<>();
            for (int i = 0; i < records && inTheSnapshot < SEGMENTS; i++) {
                long key = key();
                long version = SNAPSHOT_VERSION + (random.nextInt(7) - 3) * SOURCES_MAX;
                if (random.nextInt(3) == 0) {
                    byKey.put(key, new Known(version + random.nextInt(SOURCES_MAX), RecordSource.TOMBSTONE));
                } else {
                    int segment = inTheSnapshot + 1 + random.nextInt(SEGMENTS - inTheSnapshot);
                    byKey.put(key, new Known(version + number, location(segment)));
                }
            }
            byKey.forEach((key, record) -> {
                Known known = newest.get(key);
                boolean wins = known == null
                        || record.version() > known.version()
                        || (record.version() == known.version() && known.location() == RecordSource.TOMBSTONE);
                if (wins) {
                    newest.put(key, record);
                }
            });
            List<Map.Entry<Long, Known>> list = List.copyOf(byKey.entrySet());
            return new RecordSource() {
                private int at;

                @Override
                boolean next() {
                    if (at == list.size()) {
                        return false;
                    }
                    Map.Entry<Long, Known> entry = list.get(at++);
                    moveTo(
                            entry.getKey(),
                            entry.getValue().version(),
                            entry.getValue().location());
                    return true;
                }
            };
        }

        private long key() {
            return random.nextInt(keyMax) * (keyMax % 2 == 0 ? 1L : 0x1234_5678_9ABCL) - 77;
        }

        private long location(int segment) {
            return RecordLocation.of(segment, 128 + random.nextInt(SEGMENT_BYTES / 2), 33 + random.nextInt(5000));
        }

        private void compare(OrderedIndex index, @Nullable Map<Long, Long> tombstones) {
            TreeMap<Long, Long> expected = new TreeMap<>();
            Map<Long, Long> removed = new HashMap<>();
            Map<Integer, long[]> live = new HashMap<>();
            newest.forEach((key, known) -> {
                if (known.location() == RecordSource.TOMBSTONE) {
                    removed.put(key, known.version());
                } else {
                    expected.put(key, known.location());
                    long[] counts = live.computeIfAbsent(RecordLocation.segmentId(known.location()), id -> new long[2]);
                    counts[0]++;
                    counts[1] += RecordLocation.frameBytesAtLeast(known.location());
                }
            });
            TreeMap<Long, Long> found = new TreeMap<>();
            Cursor cursor = index.cursor(Long.MIN_VALUE);
            while (cursor.next()) {
                found.put(cursor.key(), cursor.location());
            }
            assertThat(found).isEqualTo(expected);
            assertThat(index.size()).isEqualTo(expected.size());
            for (Segment segment : segments.all()) {
                long[] counts = live.getOrDefault(segment.id(), new long[2]);
                assertThat(segment.counters().liveSets()).isEqualTo(counts[0]);
                assertThat(segment.counters().liveBytes()).isEqualTo(counts[1]);
            }
            if (tombstones != null) {
                assertThat(tombstones).isEqualTo(removed);
            }
        }
    }
}
