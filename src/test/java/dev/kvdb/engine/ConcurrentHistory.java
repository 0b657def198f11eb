package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Several writers, readers, a scanner and a collector on one store, and a check of each key.
 *
 * <p>Versions order all writes of a key. So each key is linearizable where a read finds a version that is not older
 * than any that was acknowledged, or read by anybody, before it began; and where the value is the one that was written
 * with that version. An absence needs a remove that is not older.
 */
final class ConcurrentHistory {

    private static final int KEYS = 64;
    private static final long REMOVED = -1;
    private static final int WRITERS = 3;
    private static final int READERS = 3;
    private static final long PATIENCE_SECONDS = 100;

    private final Store store;
    private final long seed;

    /** By key, the newest version that was acknowledged or read; what is read later is not older. */
    private final AtomicLongArray seen = new AtomicLongArray(KEYS);

    /** What each acknowledged version wrote: the value's token, or {@link #REMOVED}. */
    private final ConcurrentHashMap<Long, Long> tokens = new ConcurrentHashMap<>();

    /** What each version that was read held, for writes that were acknowledged only later. */
    private final ConcurrentHashMap<Long, Long> read = new ConcurrentHashMap<>();

    /** By key, the versions of its acknowledged removes. */
    private final List<ConcurrentSkipListSet<Long>> removes = new ArrayList<>();

    private final Queue<Absence> absences = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean writing = new AtomicBoolean(true);

    /** A key was found absent when this version of it had been acknowledged or read. */
    private record Absence(int key, long before) {}

    ConcurrentHistory(Store store, long seed) {
        this.store = store;
        this.seed = seed;
        for (int key = 0; key < KEYS; key++) {
            removes.add(new ConcurrentSkipListSet<>());
        }
    }

    /** Runs so many writes in each writer, and readers and collections until they are done. */
    void run(int operations) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<Void>> writers = new ArrayList<>();
            List<Future<Void>> others = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < WRITERS; i++) {
                SplittableRandom own = random.split();
                long firstToken = (long) i * operations;
                writers.add(threads.submit(task(() -> write(own, firstToken, operations))));
            }
            for (int i = 0; i < READERS; i++) {
                SplittableRandom own = random.split();
                others.add(threads.submit(task(() -> readUntilWritten(own))));
            }
            others.add(threads.submit(task(this::scanUntilWritten)));
            SplittableRandom own = random.split();
            others.add(threads.submit(task(() -> collectUntilWritten(own))));
            for (Future<Void> writer : writers) {
                writer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            writing.set(false);
            for (Future<Void> other : others) {
                other.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        } finally {
            writing.set(false);
            threads.shutdownNow();
        }
        for (Absence absence : absences) {
            assertThat(absence.before() == 0 || removes.get(absence.key()).ceiling(absence.before()) != null)
                    .as("a remove explains that %s was absent after version %s", absence.key(), absence.before())
                    .isTrue();
        }
        read.forEach((version, token) -> assertThat(tokens.get(version))
                .as("what version %s wrote", version)
                .isEqualTo(token));
    }

    /** Each key has the newest version that was acknowledged. */
    void checkFinal(Store settled) {
        for (int key = 0; key < KEYS; key++) {
            Optional<Entry> entry = settled.get(key);
            long newest = seen.get(key);
            if (entry.isPresent()) {
                assertThat(entry.get().version()).as("version of %s", key).isEqualTo(newest);
                assertThat(token(entry.get())).isEqualTo(tokens.get(newest));
            } else if (newest != 0) {
                assertThat(tokens.get(newest))
                        .as("newest write of absent %s", key)
                        .isEqualTo(REMOVED);
            }
        }
    }

    private void write(SplittableRandom random, long firstToken, int operations) {
        for (long token = firstToken; token < firstToken + operations; token++) {
            int key = random.nextInt(KEYS);
            long before = seen.get(key);
            long version;
            if (random.nextInt(4) > 0) {
                version = Stages.await(store.set(key, value(token, random))).version();
                tokens.put(version, token);
            } else {
                RemoveResult result = Stages.await(store.remove(key));
                if (!result.removed()) {
                    continue;
                }
                version = result.version();
                tokens.put(version, REMOVED);
                removes.get(key).add(version);
            }
            assertThat(version).as("version of a write of %s", key).isGreaterThan(before);
            noteSeen(key, version);
        }
    }

    private void readUntilWritten(SplittableRandom random) {
        while (writing.get()) {
            int key = random.nextInt(KEYS);
            long before = seen.get(key);
            if (random.nextInt(4) == 0) {
                if (store.lookup(key) instanceof Lookup.Cached cached) {
                    check(key, before, cached.entry());
                }
            } else {
                store.get(key)
                        .ifPresentOrElse(
                                found -> check(key, before, found), () -> absences.add(new Absence(key, before)));
            }
        }
    }

    private void scanUntilWritten() {
        while (writing.get()) {
            long last = -1;
            AtomicLongArray before = seenNow();
            for (Iterator<Entry> entries = store.entries(); entries.hasNext(); ) {
                Entry entry = entries.next();
                assertThat(entry.key()).as("keys ascend").isGreaterThan(last);
                last = entry.key();
                check((int) entry.key(), before.get((int) entry.key()), entry);
            }
        }
    }

    private void collectUntilWritten(SplittableRandom random) {
        while (writing.get()) {
            GarbageCollectionReport report = store.collectGarbage(
                    random.nextBoolean() ? GarbageCollectionRequest.EVERYTHING : GarbageCollectionRequest.WORTHWHILE);
            assertThat(report.skipped()).isFalse();
        }
    }

    private void check(int key, long before, Entry found) {
        assertThat(found.key()).isEqualTo(key);
        assertThat(found.version()).as("version of %s", key).isGreaterThanOrEqualTo(before);
        Long other = read.putIfAbsent(found.version(), token(found));
        if (other != null) {
            assertThat(token(found)).as("value of version %s", found.version()).isEqualTo(other);
        }
        noteSeen(key, found.version());
    }

    private AtomicLongArray seenNow() {
        AtomicLongArray now = new AtomicLongArray(KEYS);
        for (int key = 0; key < KEYS; key++) {
            now.set(key, seen.get(key));
        }
        return now;
    }

    private void noteSeen(int key, long version) {
        seen.accumulateAndGet(key, version, Math::max);
    }

    /** A value that says which write it is of, from front to back. */
    private static byte[] value(long token, SplittableRandom random) {
        ByteBuffer value = ByteBuffer.allocate(Long.BYTES * (1 + random.nextInt(random.nextInt(8) == 0 ? 500 : 40)));
        while (value.hasRemaining()) {
            value.putLong(token);
        }
        return value.array();
    }

    private static long token(Entry entry) {
        ByteBuffer value = ByteBuffer.wrap(entry.value());
        long token = value.getLong();
        while (value.hasRemaining()) {
            assertThat(value.getLong()).as("value of %s", entry.key()).isEqualTo(token);
        }
        return token;
    }

    private Callable<Void> task(Runnable body) {
        return () -> {
            try {
                body.run();
                return null;
            } finally {
                if (Thread.currentThread().isInterrupted()) {
                    writing.set(false);
                }
            }
        };
    }
}
