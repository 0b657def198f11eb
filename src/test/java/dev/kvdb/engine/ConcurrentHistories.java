package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.History;
import dev.kvdb.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many short histories of {@link ConcurrentClients}, one after the other, in a store with small segments that is killed
 * once in the middle of one, closed and opened again, and may meet a full disk. All of them must be linearizable. Half
 * of the stores are under load from their open on and collect garbage by themselves as well, so that writes wait for
 * that.
 *
 * <p>File operations wait a moment now and then, so that clients, committer, collection and upkeep overtake one another
 * there. A seed fixes what the clients ask for and where they pause, not how threads interleave.
 */
final class ConcurrentHistories {

    /** Histories in one store. */
    static final int IN_A_STORE = 50;

    private static final int KIB = 1024;
    /** One of so many file operations waits. */
    private static final int PAUSES_ONE_IN = 12;

    /** What a store must be told at once to take it for a load, which lasts as long as its clock stands still. */
    private static final int LOAD_BYTES = 2 * KIB * KIB;

    /** Beside each history: enough to fill more segments than a collection lets go. */
    private static final int BURST_BYTES = 160 * KIB;

    private static final long LOAD_KEY = -1;

    private final SplittableRandom random;
    private final StoreOptions options;
    private final History history = new History();
    private final AtomicLong values = new AtomicLong();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private MemoryStore store;
    private ConcurrentClients clients;

    /** What a run did. */
    record Outcome(int operations, long unknownWrites, long collections, long ownCollections, long cacheHits) {

        static final Outcome NOTHING = new Outcome(0, 0, 0, 0, 0);

        Outcome plus(Outcome other) {
            return new Outcome(
                    operations + other.operations,
                    unknownWrites + other.unknownWrites,
                    collections + other.collections,
                    ownCollections + other.ownCollections,
                    cacheHits + other.cacheHits);
        }
    }

    private ConcurrentHistories(long seed) {
        random = new SplittableRandom(seed);
        options = MemoryStore.SMALL.toBuilder()
                .segmentBytesMax(64 * KIB)
                .valueBytesMax(16 * KIB)
                .cacheBytesMax(List.of(0, 20 * KIB, 1024 * KIB, 1024 * KIB).get(random.nextInt(4)))
                .openFilesMax(16)
                .snapshotLogBytes(512 * KIB)
                .garbageCollection(
                        random.nextBoolean()
                                ? MemoryStore.SMALL.garbageCollection()
                                : new StoreOptions.GarbageCollection(0, 0.05, 0.1, 0, 0, true))
                .build();
        store = new MemoryStore(new CrashingFileSystem(), options);
        clients = open();
        comeUnderLoad();
    }

    /**
     * Runs so many histories in one store.
     *
     * @throws AssertionError where one of them is not linearizable, or the store leaks
     */
    static Outcome run(long seed, int histories) {
        ConcurrentHistories run = new ConcurrentHistories(seed);
        try {
            return run.run(histories);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    Seeds.describe(seed) + " -Dkvdb.histories=" + histories + ": " + e.getMessage(), e);
        } finally {
            run.threads.shutdownNow();
            run.store.close();
        }
    }

    private ConcurrentClients open() {
        store.files.pause(PAUSES_ONE_IN, random.nextLong());
        store.open();
        return new ConcurrentClients(store.store(), options, history, values);
    }

    private void comeUnderLoad() {
        write(LOAD_BYTES).forEach(Stages::await);
    }

    /** Writes to a key that no history looks at, if the store collects by itself. */
    private List<CompletableFuture<SetResult>> write(int bytes) {
        List<CompletableFuture<SetResult>> writes = new ArrayList<>();
        if (options.garbageCollection().checkWhenSealed()) {
            byte[] value = new byte[options.valueBytesMax()];
            for (int written = 0; written < bytes; written += value.length) {
                writes.add(store.store().set(LOAD_KEY, value).toCompletableFuture());
            }
        }
        return writes;
    }

    private Outcome run(int histories) throws Exception {
        int killAt = random.nextInt(histories);
        int diskFullAt = random.nextInt(4 * histories);
        Outcome before = Outcome.NOTHING;
        for (int i = 0; i < histories; i++) {
            long firstKey = (long) i * ConcurrentClients.KEYS;
            if (i == diskFullAt) {
                store.files.inject(Fault.on(FileOperation.WRITE)
                        .named(".*\\.log")
                        .nth(1 + random.nextInt(10))
                        .as(Fault.Kind.SHORT_WRITE_NO_SPACE));
            }
            List<Future<?>> running = clients.start(threads, firstKey, random);
            List<CompletableFuture<SetResult>> burst = write(BURST_BYTES);
            if (i == killAt) {
                before = outcome();
                kill(running);
            } else {
                ConcurrentClients.join(running);
                burst.forEach(ConcurrentClients::await);
            }
            removeSome(firstKey);
        }
        // A snapshot that is being written may wait for a sync; a request that is leaked stays.
        await().until(() -> store.store().statistics().writes().queuedRequests() == 0);
        Outcome outcome = before.plus(outcome());
        checkAtRest(histories * ConcurrentClients.KEYS);
        history.check();
        return outcome.plus(new Outcome(history.size(), history.unknownWrites(), 0, 0, 0));
    }

    /** What the open store counted. */
    private Outcome outcome() {
        long asked = clients.collections();
        StoreStatistics statistics = store.store().statistics();
        long collections = statistics.garbageCollection().runs();
        boolean storeCollects = options.garbageCollection().checkWhenSealed();
        return new Outcome(
                0,
                0,
                collections,
                storeCollects ? collections - asked : 0,
                statistics.reads().cacheHits());
    }

    /** The process dies while clients are at work: what the disk has then is what the next one opens. */
    private void kill(List<Future<?>> running) throws Exception {
        int calls = history.size() + random.nextInt(2 * ConcurrentClients.CLIENTS * ConcurrentClients.KEYS);
        while (history.size() < calls && !running.stream().allMatch(Future::isDone)) {
            Thread.onSpinWait();
        }
        clients.ignoreReplies();
        MemoryStore image = store.image();
        ConcurrentClients.join(running);
        store.close();
        history.abandonOpenCalls();
        store = image;
        clients = open();
        comeUnderLoad();
    }

    /** Most keys go again, so that there is garbage, and not much else. */
    private void removeSome(long firstKey) {
        for (long key = firstKey; key < firstKey + ConcurrentClients.KEYS; key++) {
            if (random.nextInt(4) > 0) {
                clients.remove(key);
            }
        }
    }

    /** What was last, is there, also when the store is opened again and when all of it was rewritten. */
    private void checkAtRest(int keys) throws Exception {
        getAll(keys);
        store.close();
        history.abandonOpenCalls();
        assertThat(store.disk.openHandles()).isEmpty();
        assertThat(store.disk.bytesHeldByDeletedFiles()).isZero();
        clients = open();
        getAll(keys);
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        getAll(keys);
        long segmentFiles = store.disk.list(store.disk.root()).stream()
                .filter(name -> name.endsWith(".log"))
                .count();
        assertThat(segmentFiles)
                .as("segment files in the directory")
                .isEqualTo(store.store().statistics().log().segments());
    }

    private void getAll(int keys) {
        for (long key = 0; key < keys; key++) {
            clients.get(key);
        }
    }
}
