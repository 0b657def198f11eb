package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On real files: the JDK closes a channel, for everyone, when a thread that uses it is interrupted. */
class InterruptedReadersTest {

    private static final int KEYS = 50;

    @TempDir
    private Path directory;

    @Test
    void readersInterruptedAgainAndAgain_breakNoOtherReaderAndNoWriter() throws Exception {
        ManualClock pause = new ManualClock();
        Environment environment = TestEnvironment.of(
                Environment.system().files(), Environment.system().clock(), 1);
        try (Store store = Store.open(directory, MemoryStore.SMALL, environment, StoreListener.NONE)) {
            for (int key = 0; key < KEYS; key++) {
                MemoryStore.await(store.set(key, MemoryStore.value(key, 8000)));
            }
            AtomicBoolean stop = new AtomicBoolean();
            List<FutureTask<Integer>> readers = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                FutureTask<Integer> reader = new FutureTask<>(() -> readAll(store, stop));
                readers.add(reader);
                threads.add(new Thread(reader));
                threads.get(i).start();
            }
            for (int i = 0; i < 150; i++) {
                threads.get(i % 2).interrupt();
                pause.parkNanos(1_000_000);
                if (i % 10 == 0) {
                    MemoryStore.await(store.set(i % KEYS, MemoryStore.value(i % KEYS, 8000)));
                }
            }
            stop.set(true);
            for (FutureTask<Integer> reader : readers) {
                assertThat(reader.get(30, TimeUnit.SECONDS)).isPositive();
            }
            assertThat(store.statistics().state()).isEqualTo(StoreState.WRITABLE);
        }
    }

    private static int readAll(Store store, AtomicBoolean stop) {
        int reads = 0;
        while (!stop.get()) {
            long key = reads % KEYS;
            assertThat(store.get(key).orElseThrow().value()).isEqualTo(MemoryStore.value(key, 8000));
            reads++;
        }
        return reads;
    }
}
