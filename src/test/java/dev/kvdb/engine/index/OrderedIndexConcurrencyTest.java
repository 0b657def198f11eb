package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import dev.kvdb.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Readers beside writers. Some keys are put once and stay; the others come, move and go. A location holds its key above
 * bit 32 and below it a number that only grows, so that a torn, foreign or older answer shows.
 */
class OrderedIndexConcurrencyTest {

    private static final int READERS = 2;
    private static final int OPERATIONS = 300_000;

    private final OrderedIndex index = new OrderedIndex();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile boolean writing = true;

    /** Counted down by each reader that has begun; on a busy machine all writes may be done before that. */
    private final CountDownLatch reading = new CountDownLatch(READERS);

    @AfterEach
    void stopThreads() {
        threads.shutdownNow();
    }

    /** With few keys readers and writer meet in one leaf; with many, leaves split and merge under the readers. */
    @ParameterizedTest
    @ValueSource(ints = {90, 6_000})
    void writerPutsMovesAndRemoves_readersSeeEachKeyPresentAndNeverGoingBack(int keys) throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            putStableKeys(keys);
            List<Future<Long>> readers = new ArrayList<>();
            for (int i = 0; i < READERS; i++) {
                SplittableRandom own = random.split();
                readers.add(threads.submit(() -> readWhileWriting(keys, own)));
            }
            reading.await();
            churn(keys, random);
            assertThat(finish(readers)).allMatch(reads -> reads > 0);
            IndexInvariants.check(index);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {90, 6_000})
    void writerPutsMovesAndRemoves_cursorAscendsAndMissesNoUntouchedKey(int keys) throws Exception {
        Seeds.run(seed -> {
            putStableKeys(keys);
            List<Future<Long>> readers = new ArrayList<>();
            for (int i = 0; i < READERS; i++) {
                readers.add(threads.submit(() -> scanWhileWriting(keys)));
            }
            reading.await();
            churn(keys, new SplittableRandom(seed));
            assertThat(finish(readers)).allMatch(scans -> scans > 0);
            IndexInvariants.check(index);
        });
    }

    @Test
    void putHasReturned_everyLaterGetSeesItOrANewerOne() throws Exception {
        AtomicLong published = new AtomicLong();
        List<Future<Long>> readers = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            readers.add(threads.submit(() -> {
                long reads = 0;
                while (writing) {
                    long floor = published.get();
                    check(index.get(floor % 500) >= floor, floor % 500);
                    reads++;
                }
                return reads;
            }));
        }
        for (long sequence = 500; sequence < OPERATIONS; sequence++) {
            index.put(sequence % 500, sequence);
            if (sequence >= 1000) {
                published.set(sequence);
            }
        }
        assertThat(finish(readers)).allMatch(reads -> reads > 0);
    }

    @Test
    void locationRewrittenInPlace_isNeverSeenHalfWritten() throws Exception {
        int keys = 100;
        for (int key = 0; key < keys; key++) {
            index.put(key, key % 2 == 0 ? -1L : 0x0101_0101_0101_0101L);
        }
        Future<Long> reader = threads.submit(() -> {
            long reads = 0;
            for (int key = 0; writing; key = (key + 1) % keys) {
                long location = index.get(key);
                check(location == Long.rotateLeft(location, 8), key);
                reads++;
            }
            return reads;
        });
        for (long round = 1; round < 10 * OPERATIONS; round++) {
            index.put(round % keys, (1 + round % 255) * 0x0101_0101_0101_0101L);
        }
        assertThat(finish(List.of(reader))).allMatch(reads -> reads > 0);
    }

    /** A reader that has found its way when the leaf takes over the range of its right neighbour. */
    @Test
    void neighbourEmptiesBehindAReadersPath_rangeOfThePathStaysAsItWas() {
        int keys = 2 * Leaf.ENTRIES_MAX;
        for (int i = 0; i < keys; i++) {
            index.put(10L * i, i + 1);
        }
        Path path = new Path(index.tree().root());
        long rangeEnd = 10L * Leaf.ENTRIES_MAX;
        for (long key = rangeEnd - 100; key < 10L * keys; key += 10) {
            index.remove(key);
        }
        index.put(rangeEnd + 5, 7);
        Entries entries = new Entries();
        index.tree().copyOut(path, 0, entries);

        assertThat(path.leaf()).isSameAs(index.tree().root());
        assertThat(path.high()).isLessThan(rangeEnd);
        assertThat(entries.key(entries.count() - 1)).isEqualTo(rangeEnd - 110);
        assertThat(index.get(rangeEnd + 5)).isEqualTo(7);
    }

    @Test
    void twoWritersReplaceTheSameKeys_noReplacementIsLost() throws Exception {
        int keys = 4;
        for (int key = 0; key < keys; key++) {
            index.put(key, 1);
        }
        Callable<Long> incrementer = () -> {
            long successes = 0;
            for (int i = 0; i < 200_000; i++) {
                long location = index.get(i % keys);
                successes += index.replace(i % keys, location, location + 1) ? 1 : 0;
            }
            return successes;
        };
        List<Future<Long>> writers = List.of(threads.submit(incrementer), threads.submit(incrementer));

        long successes = finish(writers).stream().mapToLong(Long::longValue).sum();
        long increments = 0;
        for (int key = 0; key < keys; key++) {
            increments += index.get(key) - 1;
        }
        assertThat(increments).isEqualTo(successes);
    }

    @Test
    void committerPutsWhileCollectorMoves_aMoveNeverUndoesAPut() throws Exception {
        int keys = 1_000;
        for (int key = 0; key < keys; key++) {
            index.put(key, 2);
        }
        Future<Long> collector = threads.submit(() -> {
            long moves = 0;
            for (int key = 0; writing; key = (key + 1) % keys) {
                long location = index.get(key);
                moves += location % 2 == 0 && index.replace(key, location, location + 1) ? 1 : 0;
            }
            return moves;
        });
        long[] newest = new long[keys];
        Arrays.fill(newest, 2);
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (long sequence = 2; sequence < OPERATIONS; sequence++) {
                int key = random.nextInt(keys);
                check((index.put(key, 2 * sequence) & ~1L) == newest[key], key);
                newest[key] = 2 * sequence;
            }
        });
        assertThat(finish(List.of(collector))).allMatch(moves -> moves > 0);
        for (int key = 0; key < keys; key++) {
            check((index.get(key) & ~1L) == newest[key], key);
        }
    }

    @Test
    void writerStopsInTheMiddleOfAChange_readersWaitForItsEnd() throws Exception {
        for (int key = 0; key < 100; key++) {
            index.put(key, key + 1);
        }
        Leaf leaf = (Leaf) index.tree().root();
        Thread reader = new Thread(() -> assertThat(index.get(7)).isEqualTo(8));
        Thread scanner = new Thread(() -> assertThat(index.cursor(7).next()).isTrue());
        AtomicReference<Throwable> failure = new AtomicReference<>();
        reader.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
        scanner.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
        index.tree().lock().lock();
        try {
            leaf.beginWrite();
            reader.start();
            scanner.start();
            await().until(() ->
                    reader.getState() == Thread.State.WAITING && scanner.getState() == Thread.State.WAITING);
            leaf.endWrite();
        } finally {
            index.tree().lock().unlock();
        }
        reader.join(30_000);
        scanner.join(30_000);
        assertThat(reader.isAlive() || scanner.isAlive()).isFalse();
        assertThat(failure.get()).isNull();
    }

    private void putStableKeys(int keys) {
        for (int key = 0; key < keys; key++) {
            if (isStable(key)) {
                index.put(key, location(key, 1));
            }
        }
    }

    /** Every third key, but in every other thousand none: there leaves can become empty. */
    private static boolean isStable(long key) {
        return key % 3 == 0 && key / 1000 % 2 == 0;
    }

    /**
     * Puts, moves and removes single keys; now and then fills up or clears a stretch of them, so that leaves split and
     * merge.
     */
    private void churn(int keys, SplittableRandom random) {
        int sequence = 2;
        while (sequence < OPERATIONS) {
            int start = random.nextInt(keys);
            int stretch = random.nextInt(10) == 0 ? keys / 2 : 1;
            boolean removing = random.nextInt(3) == 0;
            for (int key = start; key < Math.min(keys, start + stretch); key++) {
                sequence++;
                if (!isStable(key) && removing) {
                    index.remove(key);
                } else if (!isStable(key)) {
                    index.put(key, location(key, sequence));
                }
            }
        }
    }

    private long readWhileWriting(int keys, SplittableRandom random) {
        long[] newest = new long[keys];
        long reads = 0;
        while (writing) {
            int key = random.nextInt(keys);
            long location = index.get(key);
            checkLocation(key, location);
            check(location == OrderedIndex.ABSENT || location >= newest[key], key);
            newest[key] = Math.max(newest[key], location);
            reads++;
            reading.countDown();
        }
        return reads;
    }

    private long scanWhileWriting(int keys) {
        long stableKeys = LongStream.range(0, keys)
                .filter(OrderedIndexConcurrencyTest::isStable)
                .count();
        long scans = 0;
        while (writing) {
            Cursor cursor = index.cursor(Long.MIN_VALUE);
            long last = -1;
            long stable = 0;
            while (cursor.next()) {
                long key = cursor.key();
                checkLocation(key, cursor.location());
                check(key > last && key < keys, key);
                last = key;
                stable += isStable(key) ? 1 : 0;
            }
            assertThat(stable).as("untouched keys").isEqualTo(stableKeys);
            scans++;
            reading.countDown();
        }
        return scans;
    }

    private static void checkLocation(long key, long location) {
        boolean absent = location == OrderedIndex.ABSENT;
        check(isStable(key) ? location == location(key, 1) : absent || location >>> 32 == key + 1, key);
    }

    /** As an assertion, without the cost of one when all is well. */
    private static void check(boolean expectation, long key) {
        if (!expectation) {
            fail("wrong answer for key %d", key);
        }
    }

    private static long location(long key, int sequence) {
        return (key + 1) << 32 | sequence;
    }

    private List<Long> finish(List<Future<Long>> futures)
            throws InterruptedException, ExecutionException, TimeoutException {
        writing = false;
        List<Long> results = new ArrayList<>();
        for (Future<Long> future : futures) {
            results.add(future.get(30, TimeUnit.SECONDS));
        }
        return results;
    }
}
