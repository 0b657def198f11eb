package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.ConcurrentHistories.Outcome;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.History;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.Seeds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writers, readers, scans, collections and a kill at the same time: each key is linearizable. */
class StoreConcurrencyTest {

    private static final int HISTORIES = Integer.getInteger("kvdb.histories", 10_000);
    private static final int HISTORIES_ON_DISK = 40;
    private static final int KIB = 1024;
    /** More than there are processors, so that threads are stopped anywhere. */
    private static final int STORES_AT_A_TIME = 4;

    /** Half of them collect by themselves; of few stores, none may. */
    private static final int MANY_STORES = 20;

    @Test
    void filesInMemory_eachHistoryIsLinearizable() throws Exception {
        Logs.silenceEngine();
        long seed = Seeds.seed();
        ExecutorService threads = Executors.newFixedThreadPool(STORES_AT_A_TIME);
        try {
            List<Future<Outcome>> running = new ArrayList<>();
            for (int done = 0; done < HISTORIES; done += ConcurrentHistories.IN_A_STORE) {
                long storeSeed = seed + running.size();
                int histories = Math.min(ConcurrentHistories.IN_A_STORE, HISTORIES - done);
                running.add(threads.submit(() -> ConcurrentHistories.run(storeSeed, histories)));
            }
            Outcome all = Outcome.NOTHING;
            for (Future<Outcome> one : running) {
                all = all.plus(one.get());
            }
            System.out.println(HISTORIES + " histories in " + running.size() + " stores are linearizable, seed " + seed
                    + ": " + all);
            assertThat(all.unknownWrites()).isPositive();
            assertThat(all.collections()).isGreaterThan(HISTORIES / 2);
            if (running.size() >= MANY_STORES) {
                assertThat(all.ownCollections()).isGreaterThan(HISTORIES / 10);
            }
            assertThat(all.cacheHits()).isPositive();
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void filesOnDisk_eachHistoryIsLinearizable(@TempDir Path directory) throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            Environment system = Environment.system();
            StoreOptions options = MemoryStore.SMALL.toBuilder()
                    .syncPolicy(SyncPolicy.OS)
                    .cacheBytesMax(20 * KIB)
                    .build();
            History history = new History();
            ExecutorService threads = Executors.newCachedThreadPool();
            try (Store store = Store.open(directory, options, system, StoreListener.NONE)) {
                ConcurrentClients clients = new ConcurrentClients(store, options, history, new AtomicLong());
                for (int i = 0; i < HISTORIES_ON_DISK; i++) {
                    ConcurrentClients.join(clients.start(threads, (long) i * ConcurrentClients.KEYS, random));
                }
                assertThat(store.statistics().garbageCollection().failures()).isZero();
                assertThat(store.statistics().garbageCollection().runs()).isPositive();
            } finally {
                threads.shutdownNow();
            }
            try (Store reopened = Store.open(directory, options, system, StoreListener.NONE)) {
                ConcurrentClients clients = new ConcurrentClients(reopened, options, history, new AtomicLong());
                for (long key = 0; key < (long) HISTORIES_ON_DISK * ConcurrentClients.KEYS; key++) {
                    clients.get(key);
                }
            }
            history.check();
        });
    }
}
