package dev.kvdb.engine.gc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.ActiveLog;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.recovery.Recovered;
import dev.kvdb.engine.recovery.Recovery;
import dev.kvdb.engine.recovery.RecoveryLimits;
import dev.kvdb.engine.recovery.SnapshotFile;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.ManualClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One random history of the real log, recovery and garbage collection in one thread, with victims chosen at random
 * instead of well. Writes, seals and crashes come between the steps of a collection: wherever it asks something.
 */
final class RandomVictims {

    private static final int KEYS = 6;
    private static final int SEGMENT_BYTES = 64 * 1024;

    private final SplittableRandom random;

    /** All writes that survive so far, in order, and how many of them must survive a crash. */
    private final List<ModelRecord> written = new ArrayList<>();

    private int durable;
    private CrashingFileSystem files = new CrashingFileSystem();
    private Segments segments;
    private OrderedIndex index;
    private ActiveLog log;
    private long nextVersion;
    private long lastApplied;

    /** Ends what runs when the crash happens; the image that it leaves is taken. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient CrashingFileSystem image;

        Crash(CrashingFileSystem image) {
            super("crash");
            this.image = image;
        }
    }

    RandomVictims(SplittableRandom random) throws IOException {
        this.random = random;
        open();
    }

    void run(int steps) throws IOException {
        for (int step = 0; step < steps; step++) {
            try {
                if (random.nextInt(4) == 0) {
                    collect();
                } else {
                    meanwhile();
                }
                checkIndex(written.size());
            } catch (Crash crash) {
                segments.close();
                files = crash.image;
                open();
                takeBackWhatWasLost();
            }
        }
        segments.close();
        assertThat(files.openHandles()).isEmpty();
    }

    private void open() throws IOException {
        StoreDirectory directory = new StoreDirectory(files, files.root());
        Recovered recovered =
                new Recovery(directory, random.split(), new RecoveryLimits(16, 0), (phase, done, total) -> {}).run();
        assertThat(recovered.hidden()).isEmpty();
        segments = recovered.segments();
        index = recovered.index();
        nextVersion = recovered.nextVersion();
        lastApplied = nextVersion - 1;
        log = new ActiveLog(segments, random.split(), SEGMENT_BYTES, () -> 0, this::sealed);
    }

    /** What happens beside a collection. */
    private void meanwhile() throws IOException {
        int dice = random.nextInt(100);
        if (dice < 60) {
            write();
        } else if (dice < 70) {
            log.sync();
            durable = written.size();
        } else if (dice < 80) {
            log.seal(nextVersion);
            durable = written.size();
        } else if (dice < 84) {
            throw new Crash(files.crashAt(files.position(), random.nextLong()));
        }
    }

    private void write() throws IOException {
        int key = random.nextInt(KEYS);
        long version = nextVersion;
        boolean removes = random.nextBoolean() && index.get(key) != OrderedIndex.ABSENT;
        byte[] value = removes ? new byte[0] : new byte[Long.BYTES + random.nextInt(300)];
        if (!removes) {
            ByteBuffer.wrap(value).putLong(version);
        }
        log.begin(removes ? FrameHeader.REMOVE_BYTES : FrameHeader.setBytes(value.length), version);
        long location = removes ? log.appendRemove(version, key) : log.appendSet(version, key, value);
        nextVersion++;
        log.flush();
        written.add(new ModelRecord(key, version, removes));
        apply(key, version, removes, location);
        log.end();
        if (log.isDurable()) {
            durable = written.size();
        }
    }

    private void apply(int key, long version, boolean removes, long location) {
        Segment segment = segments.of(location);
        long before;
        if (removes) {
            segment.counters().addTombstone(version);
            before = index.remove(key);
        } else {
            segment.counters().addSet();
            segment.counters().becameLive(location);
            before = index.put(key, location);
        }
        Segment segmentBefore = before == OrderedIndex.ABSENT ? null : segments.find(RecordLocation.segmentId(before));
        if (segmentBefore != null) {
            segmentBefore.counters().becameDead(before);
        }
        lastApplied = version;
    }

    private void sealed(Segment segment) {
        try {
            if (random.nextBoolean() && segments.pin(segment.id()) != null) {
                SegmentContents contents = SegmentContents.scan(segment.file(), segment);
                HintFile.write(segments.directory(), segment, contents.records());
                segment.unpin();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void collect() throws IOException {
        if (random.nextInt(8) == 0) {
            SnapshotFile.write(segments, index, () -> lastApplied);
            log.sync();
            durable = written.size();
            SnapshotFile.publish(segments.directory());
            return;
        }
        List<Segment> victims = new ArrayList<>();
        for (Segment segment : segments.all()) {
            if (segment.isSealed() && random.nextInt(3) > 0) {
                victims.add(segment);
            }
        }
        if (victims.isEmpty()) {
            return;
        }
        GarbageCollector collector = new GarbageCollector(
                segments,
                index,
                new Writes(),
                random.split(),
                new ManualClock(),
                new GarbageCollector.Limits(16 * SEGMENT_BYTES, 0));
        collector.swap(victims, new Pace(new ManualClock(), 0, () -> false), () -> {
            meanwhileUnchecked();
            return false;
        });
    }

    private void meanwhileUnchecked() {
        try {
            meanwhile();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void takeBackWhatWasLost() throws IOException {
        int kept = written.size();
        while (kept > durable && !isIndexAt(kept)) {
            kept--;
        }
        checkIndex(kept);
        assertThat(written.isEmpty()
                        || nextVersion > written.get(written.size() - 1).version())
                .as("the next version is above all that were given out")
                .isTrue();
        written.subList(kept, written.size()).clear();
        durable = kept;
    }

    private boolean isIndexAt(int writes) throws IOException {
        for (int key = 0; key < KEYS; key++) {
            if (versionOf(key) != expectedVersion(key, writes)) {
                return false;
            }
        }
        return true;
    }

    private void checkIndex(int writes) throws IOException {
        for (int key = 0; key < KEYS; key++) {
            assertThat(versionOf(key))
                    .as("version of key %s after %s writes, %s of them durable", key, writes, durable)
                    .isEqualTo(expectedVersion(key, writes));
        }
    }

    private long expectedVersion(int key, int writes) {
        for (int i = writes - 1; i >= 0; i--) {
            ModelRecord record = written.get(i);
            if (record.key() == key) {
                return record.tombstone() ? 0 : record.version();
            }
        }
        return 0;
    }

    /** The version that a read of the key finds, 0 where there is none. */
    private long versionOf(int key) {
        long location = index.get(key);
        if (location == OrderedIndex.ABSENT) {
            return 0;
        }
        Segment segment = segments.pin(RecordLocation.segmentId(location));
        assertThat(segment).as("segment of key %s", key).isNotNull();
        try {
            SegmentReads.StoredRecord stored = SegmentReads.read(segment, location, key);
            assertThat(stored.value().getLong()).isEqualTo(stored.header().version());
            return stored.header().version();
        } finally {
            segment.unpin();
        }
    }

    /** Answers the collection, and lets other things happen before and after. */
    private final class Writes implements AppliedWrites {

        @Override
        public long lastVersion() {
            return lastApplied;
        }

        @Override
        public long nextVersion() {
            meanwhileUnchecked();
            return lastApplied + 1;
        }

        @Override
        public void sync() throws IOException {
            meanwhile();
            log.sync();
            durable = written.size();
            meanwhile();
        }

        @Override
        public void moved(long key, long from, long to) {
            meanwhileUnchecked();
        }
    }
}
