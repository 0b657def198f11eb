package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.testkit.History;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/**
 * Clients of one store that read and write a few keys at the same time, beside a garbage collection, and note in a
 * {@link History} what they were told.
 *
 * <p>A write's outcome is noted in the committer thread, at the moment of its acknowledgement, and sometimes its key is
 * read there at once. What is told once the clients are {@linkplain #ignoreReplies told to ignore replies} is lost, as
 * in a crash.
 */
final class ConcurrentClients {

    static final int CLIENTS = 3;
    static final int KEYS = 2;
    private static final int OPERATIONS = 8;
    /** Writes of a client on their way at a time. */
    private static final int IN_FLIGHT_MAX = 3;

    private static final long PATIENCE_SECONDS = 100;

    private final Store store;
    private final History history;
    private final AtomicLong values;
    private final int valueBytesMax;
    private final boolean storeCollects;
    private final AtomicLong collections = new AtomicLong();
    private volatile boolean ignoringReplies;

    /**
     * @param options the store's
     * @param values numbers the values that are written, in all stores of the history
     */
    ConcurrentClients(Store store, StoreOptions options, History history, AtomicLong values) {
        this.store = store;
        this.history = history;
        this.values = values;
        this.valueBytesMax = options.valueBytesMax();
        this.storeCollects = options.garbageCollection().checkWhenSealed();
    }

    /** From now on the store counts as dead: what it still answers reaches nobody. */
    void ignoreReplies() {
        ignoringReplies = true;
    }

    /**
     * Starts one history: all clients at once, on keys of their own from {@code firstKey} on, and a collection.
     *
     * @return what ends when a client does
     */
    List<Future<?>> start(ExecutorService threads, long firstKey, SplittableRandom random) {
        CyclicBarrier together = new CyclicBarrier(CLIENTS + 1);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            SplittableRandom own = random.split();
            running.add(threads.submit(() -> {
                await(together);
                operate(firstKey, own);
            }));
        }
        boolean everything = random.nextBoolean();
        running.add(threads.submit(() -> {
            await(together);
            collect(everything);
        }));
        return running;
    }

    /** Collections that they asked for and that collected something. */
    long collections() {
        return collections.get();
    }

    static void join(List<Future<?>> running) throws Exception {
        for (Future<?> one : running) {
            one.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private void operate(long firstKey, SplittableRandom random) {
        List<CompletableFuture<?>> inFlight = new ArrayList<>();
        for (int i = 0; i < OPERATIONS; i++) {
            long key = firstKey + random.nextInt(KEYS);
            switch (random.nextInt(16)) {
                case 0 -> scan(firstKey);
                case 1 -> lookup(key);
                case 2, 3, 4, 5, 6 -> get(key);
                case 7, 8, 9 -> inFlight.add(remove(key, random.nextInt(4) == 0));
                default -> inFlight.add(set(key, random, random.nextInt(4) == 0));
            }
            if (inFlight.size() > random.nextInt(IN_FLIGHT_MAX)) {
                inFlight.forEach(ConcurrentClients::await);
                inFlight.clear();
            }
        }
        inFlight.forEach(ConcurrentClients::await);
    }

    /** Reads a key. */
    void get(long key) {
        History.Call call = history.get(key);
        note(call, store.get(key));
    }

    private void note(History.Call call, Optional<Entry> found) {
        if (ignoringReplies) {
            return;
        }
        if (found.isPresent()) {
            call.found(valueOf(found.get()), found.get().version());
        } else {
            call.foundNothing();
        }
    }

    private void lookup(long key) {
        History.Call call = history.get(key);
        Lookup found = store.lookup(key);
        if (found instanceof Lookup.Cached cached) {
            note(call, Optional.of(cached.entry()));
        } else if (found instanceof Lookup.Absent) {
            note(call, Optional.empty());
        }
    }

    /** What a scan meets was there at some time since it began. What it does not meet says nothing. */
    private void scan(long firstKey) {
        List<History.Call> calls = LongStream.range(firstKey, firstKey + KEYS)
                .mapToObj(history::get)
                .toList();
        long before = Long.MIN_VALUE;
        for (Iterator<Entry> entries = store.entries(); entries.hasNext(); ) {
            Entry entry = entries.next();
            assertThat(entry.key()).as("keys ascend").isGreaterThan(before);
            before = entry.key();
            if (before >= firstKey && before < firstKey + KEYS) {
                note(calls.get((int) (before - firstKey)), Optional.of(entry));
            }
        }
    }

    private CompletableFuture<?> set(long key, SplittableRandom random, boolean thenRead) {
        long value = values.incrementAndGet();
        byte[] bytes = bytesOf(value, random);
        History.Call call = history.set(key, value);
        return store.set(key, bytes)
                .whenComplete((result, failure) -> {
                    if (failure == null && !ignoringReplies) {
                        call.acknowledged(result.version(), result.replaced());
                        readIf(thenRead, key);
                    }
                })
                .toCompletableFuture();
    }

    /** Removes a key and waits. */
    void remove(long key) {
        await(remove(key, false));
    }

    private CompletableFuture<?> remove(long key, boolean thenRead) {
        History.Call call = history.remove(key);
        return store.remove(key)
                .whenComplete((result, failure) -> {
                    if (failure == null && !ignoringReplies) {
                        call.acknowledged(result.version(), result.removed());
                        readIf(thenRead, key);
                    }
                })
                .toCompletableFuture();
    }

    private void readIf(boolean asked, long key) {
        if (asked) {
            get(key);
        }
    }

    /** A full disk is told to its writers; the write has no known outcome then. */
    static void await(CompletableFuture<?> write) {
        try {
            Stages.await(write);
        } catch (DiskFullException expected) {
            // Left open in the history.
        }
    }

    private void collect(boolean everything) {
        try {
            GarbageCollectionReport report = store.collectGarbage(
                    everything ? GarbageCollectionRequest.EVERYTHING : GarbageCollectionRequest.WORTHWHILE);
            assertThat(report.skipped() && !storeCollects)
                    .as("skipped, and no other runs")
                    .isFalse();
            if (report.segmentsCollected() > 0) {
                collections.incrementAndGet();
            }
        } catch (DiskFullException expected) {
            // It has left everything as it was.
        }
    }

    /** A value that says from front to back which it is. */
    private byte[] bytesOf(long value, SplittableRandom random) {
        int wordsMax = valueBytesMax / Long.BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(
                Long.BYTES * (1 + random.nextInt(random.nextInt(4) == 0 ? wordsMax : Math.min(wordsMax, 100))));
        while (bytes.hasRemaining()) {
            bytes.putLong(value);
        }
        return bytes.array();
    }

    private static long valueOf(Entry entry) {
        ByteBuffer bytes = ByteBuffer.wrap(entry.value());
        long value = bytes.getLong();
        while (bytes.hasRemaining()) {
            if (bytes.getLong() != value) {
                throw new AssertionError("key " + entry.key() + " has a value of which parts belong to others");
            }
        }
        return value;
    }
}
