package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import dev.kvdb.testkit.PlantedBug;
import dev.kvdb.testkit.ServerProcess;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.SetRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with the defaults, a heap of 64 MiB, and thousands of clients at a time. */
class SmallHeapIT {

    private static final String SMALL_HEAP = "-Xmx64m";
    private static final int CONNECTIONS = 20;
    private static final int CLIENTS = 2_000;
    private static final int CALLS = 5_000;
    private static final int KEYS = 2_000;
    private static final ByteString VALUE = ByteString.copyFrom(new byte[48 << 10]);

    @TempDir
    private Path work;

    @Test
    void thousandsOfClients_areAnsweredOrTurnedAway_andTheServerGoesOn() throws Exception {
        try (ServerProcess server = ServerProcess.startWithJavaOptions(SMALL_HEAP, work.resolve("database"))) {
            check(server.awaitReady());
        }
    }

    /** A bug planted in the server is found. */
    @Test
    void serverThatForgetsToTakeBackBytes_isFoundToTurnAllAway() throws Exception {
        PlantedBug bug = PlantedBug.of(
                "bytes of calls that have ended still counted",
                "server/CallsInFlight.java",
                "                bytes.addAndGet(-charged);\n",
                "");
        try (ServerProcess server =
                ServerProcess.startWithABug(bug, work.resolve("classes"), SMALL_HEAP, work.resolve("database"))) {
            server.awaitReady();
            assertThatThrownBy(() -> check(server))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            refusal -> assertThat(Load.reason(refusal)).isEqualTo("OVERLOADED"))
                    .satisfies(found -> System.out.println("mutant '" + bug + "' found: " + found));
        }
    }

    private static void check(ServerProcess server) throws InterruptedException {
        List<ServerUnderTest> connections = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            connections.add(ServerUnderTest.atPort(server.grpcPort()));
        }
        try {
            Load sets = new Load(i -> set(connections.get(i % CONNECTIONS), i));
            sets.run();
            Load gets = new Load(i -> connections
                    .get(i % CONNECTIONS)
                    .keyValueAsync()
                    .get(GetRequest.newBuilder().setKey(i % KEYS).build()));
            gets.run();

            System.out.println("sets " + sets.outcomes + ", gets " + gets.outcomes);
            assertThat(server.output()).doesNotContainPattern("OutOf\\w*Memory").doesNotContain("\tat ");
            assertThat(List.of(sets, gets))
                    .allSatisfy(load -> assertThat(load.outcomes.keySet()).isSubsetOf("OK", "OVERLOADED"));
            assertThat(sets.outcomes).containsKeys("OK", "OVERLOADED");
            assertThat(gets.outcomes).containsKey("OK");
            assertServesAll(connections.get(0));
        } finally {
            connections.forEach(ServerUnderTest::close);
        }
    }

    private static ListenableFuture<?> set(ServerUnderTest connection, int i) {
        return connection
                .keyValueAsync()
                .set(SetRequest.newBuilder().setKey(i % KEYS).setValue(VALUE).build());
    }

    /** Once the load is over nobody is turned away. */
    private static void assertServesAll(ServerUnderTest connection) {
        for (long key = 0; key < 50; key++) {
            connection
                    .keyValue()
                    .set(SetRequest.newBuilder().setKey(key).setValue(VALUE).build());
            GetResponse reply = connection
                    .keyValue()
                    .get(GetRequest.newBuilder().setKey(key).build());
            assertThat(reply.getEntry().getValue()).isEqualTo(VALUE);
        }
    }

    /** Clients each of which makes its next call when the one before has ended. */
    private static final class Load {

        private final IntFunction<ListenableFuture<?>> call;
        private final AtomicInteger begun = new AtomicInteger();
        private final CountDownLatch ended = new CountDownLatch(CALLS);
        private final Map<String, Integer> outcomes = new ConcurrentHashMap<>();

        Load(IntFunction<ListenableFuture<?>> call) {
            this.call = call;
        }

        void run() throws InterruptedException {
            for (int i = 0; i < CLIENTS; i++) {
                next();
            }
            assertThat(ended.await(5, TimeUnit.MINUTES))
                    .as("calls without an end: %d; others: %s", ended.getCount(), outcomes)
                    .isTrue();
        }

        private void next() {
            int number = begun.getAndIncrement();
            if (number >= CALLS) {
                return;
            }
            Futures.addCallback(
                    call.apply(number),
                    new FutureCallback<Object>() {
                        @Override
                        public void onSuccess(Object reply) {
                            end("OK");
                        }

                        @Override
                        public void onFailure(Throwable failure) {
                            end(reason((StatusRuntimeException) failure));
                        }
                    },
                    MoreExecutors.directExecutor());
        }

        private void end(String outcome) {
            outcomes.merge(outcome, 1, Integer::sum);
            next();
            ended.countDown();
        }

        private static String reason(StatusRuntimeException failure) {
            return failure.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED
                    ? ServerUnderTest.errorInfo(failure).getReason()
                    : failure.getStatus().toString();
        }
    }
}
