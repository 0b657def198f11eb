package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.ActiveLog;
import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.ManualClock;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How much memory a set takes from the heap on its way to the log, the value itself and the cache left aside: more than
 * in the long run, since most of this runs before the compiler has seen it.
 */
class WriteAllocationTest {

    private static final int SETS = 10_000;

    /** The write, which is its own answer. */
    private static final long CLIENT_BYTES_MAX = 64;

    /** What the answer says, and now and then a new leaf of the index. */
    private static final long COMMITTER_BYTES_MAX = 200;

    @TempDir
    private Path path;

    private final Clock clock = new ManualClock();
    private final WriteQueue queue = new WriteQueue("dir", clock, SETS, 1 << 30);

    @Test
    void sets_takeMemoryForTheWriteAndItsAnswerOnly() {
        PendingWrite<?>[] writes = new PendingWrite<?>[SETS];
        byte[] value = new byte[100];
        long client = Allocation.of(() -> {
            for (int i = 0; i < SETS; i++) {
                PendingWrite.Set set = new PendingWrite.Set(i % 100, value);
                queue.offer(set);
                writes[i] = set;
            }
        });
        queue.close();
        Committer committer = committer();
        long committed = Allocation.of(committer);

        for (PendingWrite<?> write : writes) {
            assertThat(write).isCompleted();
        }
        System.out.printf(
                "bytes allocated for a set: %.1f by the client, %.1f by the committer%n",
                (double) client / SETS, (double) committed / SETS);
        assertThat(client).isLessThan(SETS * CLIENT_BYTES_MAX);
        assertThat(committed).isLessThan(SETS * COMMITTER_BYTES_MAX);
    }

    private Committer committer() {
        StoreDirectory directory = new StoreDirectory(Environment.system().files(), path);
        Segments segments = new Segments(directory, new Manifest(new UUID(1, 2), 1, 1, List.of()), 16);
        Availability availability = new Availability("dir", StoreListener.NONE);
        StoreOptions options =
                StoreOptions.DEFAULTS.toBuilder().syncPolicy(SyncPolicy.OS).build();
        OrderedIndex index = OrderedIndex.builder().build();
        return new Committer(
                new Committer.Surroundings(
                        options,
                        clock,
                        segments,
                        index,
                        new IndexLimit("dir", index, 0),
                        new ValueCache(0),
                        new DiskSpace(new DiskReserve(directory, 0), availability, new Quota("dir", 0, () -> 0)),
                        availability,
                        new WriteCounters(),
                        StoreListener.NONE),
                queue,
                new ActiveLog(segments, new SplittableRandom(5), options.segmentBytesMax(), () -> 0, segment -> {}),
                1);
    }
}
