package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StoreGroupCommitTest {

    private static final int THREADS = 4;
    private static final int WRITES = 500;
    private static final StoreOptions OPTIONS =
            StoreOptions.DEFAULTS.toBuilder().reserveBytes(0).build();

    @Test
    void manyWritersAtOnce_shareSyncs() throws Exception {
        CrashingFileSystem disk = new CrashingFileSystem();
        FailingFileSystem files = new FailingFileSystem(disk);
        CommitterHold committer = new CommitterHold();
        try (Store store = Store.open(disk.root(), OPTIONS, TestEnvironment.of(files, 1), committer)) {
            files.resetCounts();
            committer.hold(() -> store.set(-1, new byte[1]));
            inThreads(thread -> {
                List<CompletionStage<SetResult>> writes = new ArrayList<>();
                for (int i = 0; i < WRITES; i++) {
                    writes.add(store.set(thread * WRITES + i, new byte[10]));
                }
                if (thread == 0) {
                    committer.release();
                }
                writes.forEach(Stages::await);
            });
            assertThat(files.count(FileOperation.SYNC)).isLessThan(THREADS * WRITES / 2);
            assertThat(store.statistics().writes().sets()).isEqualTo(THREADS * WRITES + 1);
            assertThat(store.statistics().writes().syncs()).isLessThanOrEqualTo(files.count(FileOperation.SYNC));
        }
    }

    @Test
    void callersAreInterruptedAndStagesCancelled_everyWriteIsCarriedOutAndReadable(@TempDir Path directory)
            throws Exception {
        try (Store store = Store.open(directory, OPTIONS, Environment.system(), StoreListener.NONE)) {
            inThreads(thread -> {
                List<CompletionStage<SetResult>> writes = new ArrayList<>();
                for (int i = 0; i < WRITES; i++) {
                    if (i % 3 == 0) {
                        Thread.currentThread().interrupt();
                    }
                    long key = thread * WRITES + i;
                    CompletionStage<SetResult> write = store.set(key, new byte[10]);
                    if (i % 5 == 0) {
                        write.toCompletableFuture().cancel(true);
                        write.toCompletableFuture().completeExceptionally(new IllegalStateException("not the store's"));
                    }
                    writes.add(write);
                    store.get(key);
                    if (i % 100 == 0) {
                        store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
                    }
                    assertThat(Thread.interrupted()).isEqualTo(i % 3 == 0);
                }
                writes.forEach(Stages::await);
            });
            for (long key = 0; key < THREADS * WRITES; key++) {
                assertThat(store.get(key)).isPresent();
            }
            assertThat(store.statistics().state()).isEqualTo(StoreState.WRITABLE);
        }
    }

    @Test
    void interruptedThreadOpensAndClosesAndCollects_nothingIsDisturbed(@TempDir Path directory) {
        Thread.currentThread().interrupt();
        try (Store store = Store.open(directory, OPTIONS, Environment.system(), StoreListener.NONE)) {
            CompletionStage<SetResult> write = store.set(1, new byte[1]);
            store.remove(2);
            store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            assertThat(Thread.interrupted()).isTrue();
            Stages.await(write);
            Thread.currentThread().interrupt();
        }
        assertThat(Thread.interrupted()).isTrue();
        try (Store store = Store.open(directory, OPTIONS, Environment.system(), StoreListener.NONE)) {
            assertThat(store.statistics().recovery().clean()).isTrue();
            assertThat(store.get(1)).isPresent();
        }
    }

    /** What each of some threads does. */
    private interface Body {
        void run(int thread);
    }

    private static void inThreads(Body body) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                running.add(threads.submit(() -> body.run(thread)));
            }
            for (Future<?> one : running) {
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
