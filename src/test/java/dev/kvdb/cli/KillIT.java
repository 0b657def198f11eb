package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.client.StoredValue;
import dev.kvdb.testkit.PlantedBug;
import dev.kvdb.testkit.ServerProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is killed under load has everything that it acknowledged when it is started again. */
class KillIT {

    private static final int WRITERS = 4;
    private static final int KEYS_PER_WRITER = 40;
    private static final int WRITES_PER_ROUND = 1_500;
    private static final int ROUNDS = 2;
    /** Each tenth write of a writer removes. */
    private static final int REMOVE_EACH = 10;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path work;

    @Test
    void killedUnderLoad_thenRestarted_hasAllThatWasAcknowledged() throws Exception {
        killAndCheck();
    }

    @Test
    void killedUnderLoadAndGarbageCollection_thenRestarted_hasAllThatWasAcknowledged() throws Exception {
        killAndCheck(
                "kvdb.storage.segment-size=64K",
                "kvdb.storage.value-size-max=16K",
                "kvdb.gc.period=1s",
                "kvdb.gc.log-size-min=0",
                "kvdb.gc.dead-share-min=0.05");
    }

    /** A bug planted in the server is found. */
    @Test
    void serverThatAcknowledgesWhatItHasNotWritten_isFound() {
        PlantedBug bug = PlantedBug.of(
                        "acknowledged before it is written",
                        "engine/Committer.java",
                        "                log.flush();\n",
                        "")
                .and(
                        "engine/Committer.java",
                        "            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {\n"
                                + "                sync();\n            }\n",
                        "");
        assertThatThrownBy(() -> killAndCheck((database, configuration) -> ServerProcess.startWithABug(
                        bug, work.resolve("classes"), "-XX:TieredStopAtLevel=1", database, configuration)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("was acknowledged")
                .satisfies(found -> System.out.println("mutant '" + bug + "' found: " + found.getMessage()));
    }

    /** Starts the server to be killed. */
    private interface Starting {
        ServerProcess on(Path database, String... configuration) throws IOException;
    }

    private void killAndCheck(String... configuration) throws IOException, InterruptedException {
        killAndCheck(ServerProcess::start, configuration);
    }

    private void killAndCheck(Starting starting, String... configuration) throws IOException, InterruptedException {
        Path database = work.resolve("database");
        List<Writer> writers = new ArrayList<>();
        for (int number = 0; number < WRITERS; number++) {
            writers.add(new Writer(number));
        }
        for (int round = 0; round < ROUNDS; round++) {
            try (ServerProcess server = starting.on(database, configuration).awaitReady();
                    KvdbClient client = connect(server)) {
                check(writers, client);
                writeUntilKilled(writers, server, client, configuration.length > 0);
            }
        }
        try (ServerProcess server = starting.on(database, configuration).awaitReady();
                KvdbClient client = connect(server)) {
            check(writers, client);
            server.terminate();
            assertThat(server.awaitExit()).isEqualTo(143);
        }
    }

    private static void writeUntilKilled(
            List<Writer> writers, ServerProcess server, KvdbClient client, boolean collecting)
            throws InterruptedException {
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicBoolean killed = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (Writer writer : writers) {
            Thread thread = new Thread(() -> writer.writeUntilFailure(client, acknowledged, killed), "writer");
            thread.start();
            threads.add(thread);
        }
        if (collecting) {
            Thread collector = new Thread(() -> collectUntilFailure(client), "collector");
            collector.start();
            threads.add(collector);
        }
        Awaitility.await().atMost(PATIENCE).until(() -> acknowledged.get() >= WRITES_PER_ROUND);
        if (collecting) {
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> client.status().getGarbageCollection().getRuns() > 0);
        }
        killed.set(true);
        server.kill();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(writers).allSatisfy(writer -> assertThat(writer.unexpected).isNull());
    }

    private static KvdbClient connect(ServerProcess server) {
        return KvdbClient.connect(
                ServerAddress.parse(server.address()), ClientOptions.DEFAULTS.withTimeoutMillis(PATIENCE.toMillis()));
    }

    private static void collectUntilFailure(KvdbClient client) {
        try {
            while (true) {
                client.collectGarbage(false);
            }
        } catch (ClientException expected) {
            // The server was killed.
        }
    }

    private static void check(List<Writer> writers, KvdbClient client) {
        for (Writer writer : writers) {
            for (int slot = 0; slot < KEYS_PER_WRITER; slot++) {
                writer.check(slot, client);
            }
        }
    }

    /** Writes to keys of its own, one write at a time, and remembers which were acknowledged. */
    private static final class Writer {

        private final int number;
        private final int[] issued = new int[KEYS_PER_WRITER];
        private final int[] acknowledged = new int[KEYS_PER_WRITER];
        private int count;
        private volatile ClientException unexpected;

        Writer(int number) {
            this.number = number;
        }

        void writeUntilFailure(KvdbClient client, AtomicInteger total, AtomicBoolean killed) {
            while (true) {
                count++;
                int slot = count % KEYS_PER_WRITER;
                issued[slot] = count;
                try {
                    if (isRemove(count)) {
                        client.remove(key(slot));
                    } else {
                        client.set(key(slot), value(slot, count));
                    }
                } catch (ClientException e) {
                    unexpected = killed.get() ? null : e;
                    return;
                }
                acknowledged[slot] = count;
                total.incrementAndGet();
            }
        }

        /**
         * The key is as its last acknowledged write left it, or as the one after that, which was under way at the kill.
         */
        void check(int slot, KvdbClient client) {
            Optional<byte[]> found = client.get(key(slot)).map(StoredValue::bytes);
            Optional<byte[]> last = outcome(slot, acknowledged[slot]);
            if (same(found, last)) {
                issued[slot] = acknowledged[slot];
                return;
            }
            assertThat(same(found, outcome(slot, issued[slot])))
                    .as(
                            "key %d: write %d was acknowledged, %d issued, found %s",
                            key(slot),
                            acknowledged[slot],
                            issued[slot],
                            found.map(bytes -> "write " + ByteBuffer.wrap(bytes).getInt(Long.BYTES))
                                    .orElse("nothing"))
                    .isTrue();
            acknowledged[slot] = issued[slot];
        }

        private static boolean same(Optional<byte[]> a, Optional<byte[]> b) {
            return a.isPresent() == b.isPresent() && (a.isEmpty() || java.util.Arrays.equals(a.get(), b.get()));
        }

        private Optional<byte[]> outcome(int slot, int write) {
            return write == 0 || isRemove(write) ? Optional.empty() : Optional.of(value(slot, write));
        }

        private long key(int slot) {
            return (number % 2 == 0 ? 1L : -1L) * (1_000L * (number + 1) + slot);
        }

        /** Slots and removes must not fall together, or a key would only ever be removed. */
        private static boolean isRemove(int write) {
            return (write / KEYS_PER_WRITER + write) % REMOVE_EACH == 0;
        }

        private byte[] value(int slot, int write) {
            ByteBuffer value = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + write * 37 % 900);
            value.putLong(key(slot)).putInt(write);
            while (value.hasRemaining()) {
                value.put((byte) write);
            }
            return value.array();
        }
    }
}
