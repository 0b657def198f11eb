package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StoreCloseTest {

    private static final int ROUNDS = 25;
    private static final int WRITERS = 3;

    @Test
    void closedUnderLoad_everyCallEndsAndNothingAcknowledgedIsLost() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int round = 0; round < ROUNDS; round++) {
                closeUnderLoad(random.split());
            }
        });
    }

    private static void closeUnderLoad(SplittableRandom random) throws Exception {
        CrashingFileSystem files = new CrashingFileSystem();
        StoreOptions options = RandomOptions.draw(random).toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(0, 0.1, 0, 0))
                .build();
        Store store = open(files, options, random);
        Map<Long, Long> acknowledged = new ConcurrentHashMap<>();
        CountDownLatch warm = new CountDownLatch(20 + random.nextInt(300));
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int first = writer;
                running.add(threads.submit(() -> write(store, first, acknowledged, warm)));
            }
            running.add(threads.submit(() -> untilClosed(() -> store.get(1))));
            running.add(threads.submit(() -> untilClosed(() -> store.entries().forEachRemaining(entry -> {}))));
            running.add(
                    threads.submit(() -> untilClosed(() -> store.collectGarbage(GarbageCollectionRequest.EVERYTHING))));
            assertThat(warm.await(60, TimeUnit.SECONDS)).isTrue();
            store.close();
            for (Future<?> one : running) {
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            store.close();
            threads.shutdownNow();
        }
        assertThat(files.openHandles()).isEmpty();
        assertThat(files.bytesHeldByDeletedFiles()).isZero();
        try (Store reopened = open(files, options, random)) {
            assertThat(reopened.statistics().recovery().clean()).isTrue();
            acknowledged.forEach((key, version) -> assertThat(reopened.get(key))
                    .as("key %s", key)
                    .hasValueSatisfying(entry -> assertThat(entry.version()).isGreaterThanOrEqualTo(version)));
        }
    }

    /** Each writer has keys of its own, and waits for a write now and then only. */
    private static void write(Store store, int first, Map<Long, Long> acknowledged, CountDownLatch warm) {
        untilClosed(() -> {
            for (long i = 0; i < 40; i++) {
                long key = first + WRITERS * i;
                boolean waits = i % 10 == 0;
                var done = store.set(key, new byte[50]).thenAccept(result -> {
                    acknowledged.merge(key, result.version(), Math::max);
                    warm.countDown();
                });
                if (waits) {
                    Stages.await(done);
                }
            }
        });
    }

    private static void untilClosed(Runnable body) {
        try {
            while (true) {
                body.run();
            }
        } catch (StoreClosedException e) {
            // as expected
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(StoreClosedException.class);
        }
    }

    private static Store open(CrashingFileSystem files, StoreOptions options, SplittableRandom random) {
        return Store.open(files.root(), options, TestEnvironment.of(files, random.nextLong()), StoreListener.NONE);
    }
}
