package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Readers beside writers. Keys divisible by three are put once and stay; the others come, move and go. A location holds
 * its key above bit 32 and below it a number that only grows, so that a torn, foreign or older answer shows.
 */
class OrderedIndexConcurrencyTest {

    private static final int READERS = 2;

    private final OrderedIndex index = new OrderedIndex();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile boolean writing = true;

    @AfterEach
    void stopThreads() {
        threads.shutdownNow();
    }

    /** With few keys readers and writer meet in one leaf; with many, leaves split and merge under the readers. */
    @ParameterizedTest
    @ValueSource(ints = {90, 6_000})
    void writerPutsMovesAndRemoves_readersSeeEachKeyPresentAndNeverGoingBack(int keys) throws Exception {
        SplittableRandom random = Seed.random("writerPutsMovesAndRemoves_readersSee " + keys);
        putStableKeys(keys);
        List<Future<Long>> readers = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            SplittableRandom own = random.split();
            readers.add(threads.submit(() -> readWhileWriting(keys, own)));
        }
        churn(keys, 400_000, random);
        assertThat(finish(readers)).allMatch(reads -> reads > 0);
        IndexInvariants.check(index);
    }

    @ParameterizedTest
    @ValueSource(ints = {90, 6_000})
    void writerPutsMovesAndRemoves_cursorAscendsAndMissesNoUntouchedKey(int keys) throws Exception {
        SplittableRandom random = Seed.random("writerPutsMovesAndRemoves_cursor " + keys);
        putStableKeys(keys);
        List<Future<Long>> readers = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            readers.add(threads.submit(() -> scanWhileWriting(keys)));
        }
        churn(keys, 400_000, random);
        assertThat(finish(readers)).allMatch(scans -> scans > 0);
        IndexInvariants.check(index);
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
                    assertThat(index.get(floor % 500)).isGreaterThanOrEqualTo(floor);
                    reads++;
                }
                return reads;
            }));
        }
        for (long sequence = 500; sequence < 400_000; sequence++) {
            index.put(sequence % 500, sequence);
            if (sequence >= 1000) {
                published.set(sequence);
            }
        }
        assertThat(finish(readers)).allMatch(reads -> reads > 0);
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
        SplittableRandom random = Seed.random("committerPutsWhileCollectorMoves_aMoveNeverUndoesAPut");
        long[] newest = new long[keys];
        Arrays.fill(newest, 2);
        for (long sequence = 2; sequence < 200_000; sequence++) {
            int key = random.nextInt(keys);
            assertThat(index.put(key, 2 * sequence) & ~1L).isEqualTo(newest[key]);
            newest[key] = 2 * sequence;
        }
        assertThat(finish(List.of(collector))).allMatch(moves -> moves > 0);
        for (int key = 0; key < keys; key++) {
            assertThat(index.get(key) & ~1L).isEqualTo(newest[key]);
        }
    }

    private void putStableKeys(int keys) {
        for (int key = 0; key < keys; key += 3) {
            index.put(key, location(key, 1));
        }
    }

    /**
     * Puts, moves and removes single keys; now and then fills up or clears a stretch of them, so that leaves split and
     * merge.
     */
    private void churn(int keys, int operations, SplittableRandom random) {
        int sequence = 2;
        while (sequence < operations) {
            int start = random.nextInt(keys);
            int stretch = random.nextInt(10) == 0 ? keys / 2 : 1;
            boolean removing = random.nextInt(3) == 0;
            for (int key = start; key < Math.min(keys, start + stretch); key++) {
                sequence++;
                if (key % 3 != 0 && removing) {
                    index.remove(key);
                } else if (key % 3 != 0) {
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
            if (location != OrderedIndex.ABSENT && location < newest[key]) {
                throw new AssertionError("key " + key + " went back from " + newest[key] + " to " + location);
            }
            newest[key] = Math.max(newest[key], location);
            reads++;
        }
        return reads;
    }

    private long scanWhileWriting(int keys) {
        long scans = 0;
        while (writing) {
            Cursor cursor = index.cursor(Long.MIN_VALUE);
            long last = -1;
            int stable = 0;
            while (cursor.next()) {
                long key = cursor.key();
                checkLocation(key, cursor.location());
                if (key <= last || key >= keys) {
                    throw new AssertionError("key " + key + " after " + last);
                }
                last = key;
                stable += key % 3 == 0 ? 1 : 0;
            }
            assertThat(stable).as("untouched keys").isEqualTo((keys + 2) / 3);
            scans++;
        }
        return scans;
    }

    private static void checkLocation(long key, long location) {
        boolean stable = key % 3 == 0;
        boolean allowed =
                stable ? location == location(key, 1) : location == OrderedIndex.ABSENT || location >>> 32 == key + 1;
        if (!allowed) {
            throw new AssertionError("key " + key + " has location " + Long.toHexString(location));
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
