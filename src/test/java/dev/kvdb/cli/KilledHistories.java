package dev.kvdb.cli;

import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.RemoveOutcome;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.client.SetOutcome;
import dev.kvdb.client.StoredValue;
import dev.kvdb.testkit.History;
import dev.kvdb.testkit.ServerProcess;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;

/**
 * Histories of clients of a server process that is killed with {@code kill -9} in the middle of each, and goes on after
 * a restart: each must be linearizable across it.
 *
 * <p>One server's life has the end of one history and the beginning of the next. Calls under way at the kill have no
 * known outcome: they have taken effect by then or never. Some clients do not wait for their replies, so that writes
 * without a known outcome take effect while others go on.
 */
final class KilledHistories {

    private static final int CLIENTS = 6;
    private static final int KEYS = 8;
    private static final int VALUE_BYTES_MAX = 8 << 10;
    private static final int OPERATIONS_AFTER_RESTART = 15;
    private static final int ACKNOWLEDGED_MIN = 100;
    private static final int ACKNOWLEDGED_MAX = 700;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** One of so many operations is of a client that gives up before the reply can come. */
    private static final int IMPATIENT_ONE_IN = 40;

    /** Small segments and much collection. */
    private static final String[] CONFIGURATION = {
        "kvdb.storage.segment-size=128K",
        "kvdb.storage.value-size-max=16K",
        "kvdb.storage.reserve-size=1M",
        "kvdb.storage.snapshot-log-size=1M",
        "kvdb.cache.size=200K",
        "kvdb.gc.period=1s",
        "kvdb.gc.log-size-min=0",
        "kvdb.gc.dead-share-min=0.05"
    };

    private final Path database;
    private final SplittableRandom random;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicLong values = new AtomicLong();

    /** What the histories had. */
    record Outcome(int histories, int operations, long unknownWrites) {}

    KilledHistories(Path database, long seed) {
        this.database = database;
        this.random = new SplittableRandom(seed);
    }

    /** @throws AssertionError where a history is not linearizable, or a call failed for another reason than the kill */
    Outcome run(int count) throws Exception {
        int operations = 0;
        long unknown = 0;
        History previous = null;
        try {
            for (int i = 0; i <= count; i++) {
                try (ServerProcess server = start();
                        Connections connections = new Connections(server)) {
                    if (previous != null) {
                        end(previous, i - 1, connections);
                        operations += previous.size();
                        unknown += previous.unknownWrites();
                    }
                    if (i < count) {
                        previous = new History();
                        beginAndKill(previous, i, server, connections);
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return new Outcome(count, operations, unknown);
    }

    private ServerProcess start() {
        return ServerProcess.start(database, CONFIGURATION).awaitReady();
    }

    private void beginAndKill(History history, int number, ServerProcess server, Connections connections)
            throws Exception {
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicBoolean killed = new AtomicBoolean();
        int killAfter = random.nextInt(ACKNOWLEDGED_MIN, ACKNOWLEDGED_MAX);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client(history, number, connections, random.split());
            running.add(threads.submit(() -> client.operateUntil(killed, acknowledged)));
        }
        running.add(threads.submit(() -> collectUntil(killed, connections.patient())));
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> acknowledged.get() >= killAfter
                        || running.stream().limit(CLIENTS).anyMatch(Future::isDone));
        killed.set(true);
        server.kill();
        join(running);
        history.abandonOpenCalls();
    }

    /** After the restart the same keys are written and read on, and each is read at the end. */
    private void end(History history, int number, Connections connections) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client(history, number, connections, random.split());
            running.add(threads.submit(() -> client.operate(OPERATIONS_AFTER_RESTART)));
        }
        join(running);
        Client last = new Client(history, number, connections, random.split());
        for (int key = 0; key < KEYS; key++) {
            last.get(last.firstKey + key);
        }
        history.check();
        checkSeesALostWrite(history, last);
    }

    /** The check must see a write that the server never got, or it proves nothing. */
    private void checkSeesALostWrite(History history, Client client) {
        // A remove without a reply that comes late would explain it.
        history.abandonOpenCalls();
        boolean present = client.get(client.firstKey);
        history.set(client.firstKey, values.incrementAndGet()).acknowledged(Long.MAX_VALUE, present);
        client.get(client.firstKey);
        try {
            history.check();
        } catch (AssertionError expected) {
            return;
        }
        throw new AssertionError("the check did not see that a write is missing");
    }

    private static void join(List<Future<?>> running) throws Exception {
        for (Future<?> one : running) {
            one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static void collectUntil(AtomicBoolean killed, KvdbClient client) {
        try {
            while (!killed.get()) {
                client.collectGarbage(false);
            }
        } catch (ClientException e) {
            requireExpected(e, killed.get());
        }
    }

    private static void requireExpected(ClientException failure, boolean killed) {
        if (!killed && failure.kind() != ClientException.Kind.TIMED_OUT) {
            throw new AssertionError("a call failed although the server was not killed yet: " + failure, failure);
        }
    }

    /** Connections to one server, which its clients share. */
    private static final class Connections implements AutoCloseable {

        private final KvdbClient patient;
        private final KvdbClient impatient;

        Connections(ServerProcess server) {
            ServerAddress address = ServerAddress.parse(server.address());
            patient = KvdbClient.connect(address, ClientOptions.DEFAULTS.withTimeoutMillis(PATIENCE.toMillis()));
            impatient = KvdbClient.connect(address, ClientOptions.DEFAULTS.withTimeoutMillis(1));
        }

        KvdbClient patient() {
            return patient;
        }

        @Override
        public void close() {
            patient.close();
            impatient.close();
        }
    }

    /** One client, which has one call under way at a time. */
    private final class Client {

        private final History history;
        private final long firstKey;
        private final Connections connections;
        private final SplittableRandom random;

        Client(History history, int number, Connections connections, SplittableRandom random) {
            this.history = history;
            this.firstKey = (long) number * KEYS * (number % 2 == 0 ? 1 : -1);
            this.connections = connections;
            this.random = random;
        }

        void operateUntil(AtomicBoolean killed, AtomicInteger acknowledged) {
            try {
                while (!killed.get()) {
                    operate(1);
                    acknowledged.incrementAndGet();
                }
            } catch (ClientException e) {
                requireExpected(e, killed.get());
            }
        }

        void operate(int operations) {
            for (int i = 0; i < operations; i++) {
                long key = firstKey + random.nextInt(KEYS);
                if (random.nextInt(IMPATIENT_ONE_IN) == 0) {
                    writeWithoutWaiting(key);
                    continue;
                }
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> get(key);
                    case 3, 4 -> remove(key, connections.patient);
                    default -> set(key, connections.patient);
                }
            }
        }

        /** Its outcome is known only where the reply came in no time. */
        private void writeWithoutWaiting(long key) {
            try {
                if (random.nextInt(3) == 0) {
                    remove(key, connections.impatient);
                } else {
                    set(key, connections.impatient);
                }
            } catch (ClientException e) {
                if (e.kind() == ClientException.Kind.REFUSED || e.kind() == ClientException.Kind.FAILED) {
                    throw e;
                }
            }
        }

        /** Reads a key; says whether it has a value. */
        boolean get(long key) {
            History.Call call = history.get(key);
            Optional<StoredValue> found = connections.patient.get(key);
            if (found.isPresent()) {
                call.found(valueOf(found.get()), found.get().version());
            } else {
                call.foundNothing();
            }
            return found.isPresent();
        }

        private void set(long key, KvdbClient client) {
            long value = values.incrementAndGet();
            byte[] bytes = bytesOf(value);
            History.Call call = history.set(key, value);
            SetOutcome outcome = client.set(key, bytes);
            call.acknowledged(outcome.version(), outcome.replaced());
        }

        private void remove(long key, KvdbClient client) {
            History.Call call = history.remove(key);
            RemoveOutcome outcome = client.remove(key);
            call.acknowledged(outcome.version(), outcome.removed());
        }

        private byte[] bytesOf(long value) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * (1 + random.nextInt(VALUE_BYTES_MAX / Long.BYTES)));
            while (bytes.hasRemaining()) {
                bytes.putLong(value);
            }
            return bytes.array();
        }

        private static long valueOf(StoredValue stored) {
            ByteBuffer bytes = ByteBuffer.wrap(stored.bytes());
            long value = bytes.getLong();
            while (bytes.hasRemaining()) {
                if (bytes.getLong() != value) {
                    throw new AssertionError("a value of which parts belong to others");
                }
            }
            return value;
        }
    }
}
