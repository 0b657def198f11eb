package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.PassingClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the maintainer in the test's thread. */
@Timeout(60)
class MaintainerTest {

    private static final SegmentHeader HEADER =
            new SegmentHeader(SegmentHeader.Kind.APPENDED, new UUID(1, 2), 1, 1, 0, SegmentHeader.Previous.NONE, 1);

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final Segments segments =
            new Segments(new StoreDirectory(disk, disk.root()), new Manifest(new UUID(1, 2), 1, 1, List.of()), 16);

    @Test
    void collectionFailsBecauseOfADefect_maintainerGoesOn() {
        Logs.silenceEngine();
        PassingClock clock = new PassingClock();
        StoreOptions options = MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 10_000))
                .build();
        FailingChores chores = new FailingChores();
        Maintainer maintainer = new Maintainer(segments, clock, options, new ReentrantLock(), chores);
        chores.whenDone = maintainer::close;
        long start = clock.nanoTime();
        maintainer.run();

        assertThat(chores.collections).isEqualTo(3);
        assertThat(clock.nanoTime() - start).as("nanoseconds").isGreaterThanOrEqualTo(30_000_000_000L);
    }

    @Test
    void collectionMayGoOn_maintainerLooksAgainAtOnce_andThenWaits() {
        PassingClock clock = new PassingClock();
        StoreOptions options = MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 10_000))
                .build();
        List<Long> looks = new ArrayList<>();
        AtomicReference<Maintainer> maintainer = new AtomicReference<>();
        Maintainer.Chores chores = new FailingChores() {
            @Override
            public boolean collectGarbage(boolean onlyUnderLoad) {
                assertThat(onlyUnderLoad).isFalse();
                looks.add(clock.nanoTime());
                if (looks.size() == 4) {
                    maintainer.get().close();
                }
                return looks.size() < 3;
            }
        };
        maintainer.set(new Maintainer(segments, clock, options, new ReentrantLock(), chores));
        maintainer.get().run();

        assertThat(looks.get(2)).isEqualTo(looks.get(0));
        assertThat(looks.get(3) - looks.get(2)).isGreaterThanOrEqualTo(10_000_000_000L);
    }

    @Test
    void segmentIsSealed_maintainerLooksForGarbageUnderLoad_whereItIsToldTo() {
        for (boolean checkWhenSealed : new boolean[] {true, false}) {
            StoreOptions options = MemoryStore.SMALL.toBuilder()
                    .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0.5, 0, 0, checkWhenSealed))
                    .build();
            List<Boolean> looks = new ArrayList<>();
            AtomicReference<Maintainer> maintainer = new AtomicReference<>();
            Clock clock = new ClockWithoutWaits(() -> maintainer.get().close());
            Maintainer.Chores chores = new FailingChores() {
                @Override
                public boolean collectGarbage(boolean onlyUnderLoad) {
                    looks.add(onlyUnderLoad);
                    return looks.size() < 3;
                }
            };
            maintainer.set(new Maintainer(segments, clock, options, new ReentrantLock(), chores));
            maintainer.get().sealed(Segment.sealed(HEADER, segments.directory(), SegmentHeader.BYTES));
            maintainer.get().run();

            assertThat(looks).isEqualTo(checkWhenSealed ? List.of(true, true, true) : List.of());
        }
    }

    @Test
    void snapshotFailsBecauseOfADefect_maintainerGoesOnAndDoesNotSpin() throws IOException {
        Logs.silenceEngine();
        PassingClock clock = new PassingClock();
        StoreOptions options =
                MemoryStore.SMALL.toBuilder().snapshotLogBytes(1 << 20).build();
        segments.directory().replace("as-if-it-were-the-log", ByteBuffer.allocate(1 << 20));
        FailingChores chores = new FailingChores();
        chores.snapshotsFail = true;
        Maintainer maintainer = new Maintainer(segments, clock, options, new ReentrantLock(), chores);
        long start = clock.nanoTime();
        AtomicLong nanos = new AtomicLong();
        chores.whenDone = () -> {
            nanos.set(clock.nanoTime() - start);
            maintainer.close();
        };
        maintainer.run();

        assertThat(chores.snapshots).isEqualTo(3);
        assertThat(nanos.get()).as("nanoseconds").isGreaterThanOrEqualTo(2_000_000_000L);
    }

    @Test
    void closedWhileASnapshotIsWritten_maintainerEndsWithoutAWait() throws IOException {
        Logs.silenceEngine();
        StoreOptions options =
                MemoryStore.SMALL.toBuilder().snapshotLogBytes(64 * 1024).build();
        try (StoreFile file = disk.create(disk.path("file"))) {
            segments.directory().write(file, ByteBuffer.allocate(64 * 1024), 0);
        }
        AtomicReference<Maintainer> maintainer = new AtomicReference<>();
        Maintainer.Chores closedMeanwhile = new FailingChores() {
            @Override
            public long writeSnapshot() {
                maintainer.get().close();
                // Whatever waits in here, for a lock or a sync, takes the wake-up of the close.
                LockSupport.park(this);
                return 0;
            }
        };
        maintainer.set(new Maintainer(
                segments,
                new ClockWithoutWaits(MaintainerTest::nobodyMayWait),
                options,
                new ReentrantLock(),
                closedMeanwhile));

        assertThatCode(maintainer.get()::run).doesNotThrowAnyException();
    }

    @Test
    void snapshotsOfALargeIndex_areNoMoreThanAHalfOfWhatIsWrittenBesides() throws IOException {
        int step = 64 * 1024;
        StoreOptions options = MemoryStore.SMALL.toBuilder()
                .snapshotLogBytes(step)
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 1000))
                .build();
        AtomicReference<Maintainer> maintainer = new AtomicReference<>();
        AtomicInteger snapshots = new AtomicInteger();
        AtomicInteger steps = new AtomicInteger();
        StoreFile file = disk.create(disk.path("file"));
        Maintainer.Chores chores = new Maintainer.Chores() {
            @Override
            public long writeSnapshot() {
                snapshots.incrementAndGet();
                return 3 * step / 2;
            }

            @Override
            public boolean collectGarbage(boolean onlyUnderLoad) {
                try {
                    segments.directory().write(file, ByteBuffer.allocate(step), 0);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                if (steps.incrementAndGet() == 10) {
                    maintainer.get().close();
                }
                return false;
            }
        };
        maintainer.set(new Maintainer(segments, new PassingClock(), options, new ReentrantLock(), chores));
        maintainer.get().run();
        file.close();

        // After 1, 4 and 7 steps; the close comes before the next.
        assertThat(snapshots.get()).isEqualTo(3);
    }

    private static void nobodyMayWait() {
        throw new AssertionError("a wait that nobody ends");
    }

    private record ClockWithoutWaits(Clock clock, Runnable instead) implements Clock {

        ClockWithoutWaits(Runnable instead) {
            this(new ManualClock(), instead);
        }

        @Override
        public Instant now() {
            return clock.now();
        }

        @Override
        public long nanoTime() {
            return clock.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            instead.run();
        }
    }

    /** Fails twice, in two ways. */
    private static class FailingChores implements Maintainer.Chores {

        private int collections;
        private int snapshots;
        private boolean snapshotsFail;
        private Runnable whenDone = () -> {};

        @Override
        public long writeSnapshot() {
            if (!snapshotsFail) {
                throw new AssertionError("no snapshot is due");
            }
            snapshots++;
            if (snapshots < 3) {
                throw new OutOfMemoryError("as if");
            }
            whenDone.run();
            return 0;
        }

        @Override
        public boolean collectGarbage(boolean onlyUnderLoad) {
            collections++;
            if (collections == 1) {
                throw new IllegalStateException("as if");
            }
            if (collections == 2) {
                throw new OutOfMemoryError("as if");
            }
            whenDone.run();
            return false;
        }
    }
}
