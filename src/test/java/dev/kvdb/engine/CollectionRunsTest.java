package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.gc.GarbageCollector;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** What the brake on writes learns of collections, on one sealed segment without a file. */
class CollectionRunsTest {

    private static final int RECORDS = 1000;
    private static final long RECORD = RecordLocation.of(1, 128, 960);

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final StoreDirectory directory = new StoreDirectory(disk, disk.root());
    private final Segments segments = new Segments(directory, new Manifest(new UUID(1, 2), 1, 2, List.of()), 16);
    private final Segment segment = Segment.sealed(
            new SegmentHeader(SegmentHeader.Kind.APPENDED, new UUID(1, 2), 1, 1, 0, SegmentHeader.Previous.NONE, 1),
            directory,
            128 + 960 * RECORDS);
    private final ReentrantLock maintenance = new ReentrantLock();
    private final CollectionRuns collections = collections();

    CollectionRunsTest() {
        segments.adopt(segment);
        for (int i = 0; i < RECORDS; i++) {
            segment.counters().addSet();
            segment.counters().becameLive(RECORD);
        }
    }

    @Test
    void segmentIsSealed_isBehindUntilALookFindsNothingToGiveBack() {
        makeGarbage();
        assertThat(collections.isBehind()).as("before any look is due").isFalse();
        collections.checkIsDue();
        assertThat(collections.isBehind()).isTrue();
        assertThat(collections.swapOnce(true))
                .as("while hardly anything is written")
                .isFalse();
        assertThat(collections.isBehind()).isFalse();
    }

    @Test
    void segmentIsSealedDuringALook_nextLookIsDue() {
        CompletableFuture<Boolean> look;
        maintenance.lock();
        try {
            look = CompletableFuture.supplyAsync(() -> collections.swapOnce(false));
            await().until(() -> collections.statistics().running());
            collections.checkIsDue();
        } finally {
            maintenance.unlock();
        }
        assertThat(Stages.await(look)).as("anything to collect").isFalse();

        makeGarbage();
        assertThat(collections.isBehind()).isTrue();
    }

    @Test
    void clientsCollectionRuns_isBehindUntilItEndsAndAgainOnceASegmentIsSealed() {
        Logs.silenceEngine();
        makeGarbage();
        collections.checkIsDue();
        CompletableFuture<GarbageCollectionReport> clients;
        maintenance.lock();
        try {
            clients = CompletableFuture.supplyAsync(() -> collections.run(GarbageCollectionRequest.EVERYTHING));
            await().until(() -> collections.statistics().running());
            assertThat(collections.swapOnce(false)).isFalse();
            assertThat(collections.isBehind()).isTrue();
        } finally {
            maintenance.unlock();
        }
        assertThat(Stages.await(clients).segmentsCollected())
                .as("segments, of which none has a file")
                .isZero();

        assertThat(collections.isBehind()).as("while no one looks").isFalse();
        collections.checkIsDue();
        assertThat(collections.isBehind()).isTrue();
    }

    @Test
    void lookGivesNothingBack_isNotBehindHoweverManySegmentsAreSealed() {
        Logs.silenceEngine();
        makeGarbage();
        collections.checkIsDue();
        assertThat(collections.swapOnce(false)).isFalse();
        collections.checkIsDue();
        assertThat(collections.isBehind()).isFalse();
    }

    private void makeGarbage() {
        for (int i = 0; i < RECORDS; i++) {
            segment.counters().becameDead(RECORD);
        }
    }

    private CollectionRuns collections() {
        StoreOptions options = MemoryStore.SMALL.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0.5, 0, 0, true))
                .build();
        ManualClock clock = new ManualClock();
        Availability availability = new Availability("dir", StoreListener.NONE);
        LogWrites writes = new LogWrites(
                new WriteQueue("dir", clock, 10, 10), new ValueCache(0), () -> 1, availability, new WriteCounters());
        return new CollectionRuns(
                new CollectionRuns.Surroundings(
                        options,
                        clock,
                        segments,
                        maintenance,
                        availability,
                        new DiskSpace(new DiskReserve(directory, 0), availability, new Quota("dir", 0, () -> 0))),
                new GarbageCollector(
                        segments,
                        OrderedIndex.builder().build(),
                        writes,
                        new SplittableRandom(1),
                        clock,
                        new GarbageCollector.Limits(options.segmentBytesMax(), 0)),
                writes);
    }
}
