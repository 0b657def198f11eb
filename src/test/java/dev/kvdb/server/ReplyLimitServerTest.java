package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Clients that do not take their replies fill the server up to its limit, and no further. Values come from disk. */
@QuarkusTest
@TestProfile(ReplyLimitServerTest.RoomForTwo.class)
class ReplyLimitServerTest {

    private static final int VALUE_BYTES = 4 << 20;
    private static final int READERS = 12;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** Room for the replies of two calls, and a cache for none. */
    public static class RoomForTwo implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "kvdb.data-directory", "target/test-data/replies-${quarkus.uuid}",
                    "kvdb.storage.value-size-max", "4M",
                    "kvdb.cache.size", "0",
                    "kvdb.limits.bytes-in-flight", "10M",
                    "quarkus.grpc.server.netty.keep-alive-time", "2s");
        }
    }

    @Inject
    CallsInFlight calls;

    @Test
    void slowReaders_areAnsweredOrRefused_andTheirBytesAreGivenBack() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            setAll(server);
            List<SlowReader> readers = startReaders(server);
            List<SlowReader> refused = awaitRefusals(readers);

            assertThat(calls.bytes()).isBetween(2L * VALUE_BYTES, 10L << 20);
            assertThat(refused).hasSize(READERS - 2).allSatisfy(ReplyLimitServerTest::isOverloaded);

            readers.forEach(SlowReader::read);
            assertThat(readers.stream().filter(reader -> !refused.contains(reader)))
                    .hasSize(2)
                    .allSatisfy(reader -> {
                        assertThat(reader.status().getCode()).isEqualTo(Status.Code.OK);
                        assertThat(reader.reply().getEntry().getValue().size()).isEqualTo(VALUE_BYTES);
                    });
            awaitNothingInFlight();
        }
    }

    @Test
    void slowReadersThatGoAway_giveTheirBytesBack() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            setAll(server);
            List<SlowReader> readers = startReaders(server);
            awaitRefusals(readers);

            readers.forEach(SlowReader::cancel);

            awaitNothingInFlight();
            assertThat(get(server, 1)).isEqualTo(VALUE_BYTES);
        }
    }

    /** It takes as long as the server waits for an answer to its ping. */
    @Test
    void readersThatHang_areDropped_andTheirBytesAreGivenBack() {
        try (ServerUnderTest server = ServerUnderTest.inProcess();
                StallingProxy proxy = new StallingProxy(ServerUnderTest.inProcessPort());
                ServerUnderTest behindProxy = ServerUnderTest.atPort(proxy.port())) {
            setAll(server);
            awaitRefusals(startReaders(behindProxy));
            assertThat(calls.bytes()).isPositive();

            proxy.stall();

            Awaitility.await().atMost(PATIENCE).until(calls::requests, Predicate.isEqual(0));
            assertThat(calls.bytes()).isZero();
            assertThat(get(server, 1)).isEqualTo(VALUE_BYTES);
        }
    }

    @Test
    void readersThatGoAwayAtOnce_leaveNothingCharged() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            setAll(server);
            for (int round = 0; round < 20; round++) {
                startReaders(server).forEach(SlowReader::cancel);
            }

            awaitNothingInFlight();
            assertThat(get(server, 1)).isEqualTo(VALUE_BYTES);
        }
    }

    private void setAll(ServerUnderTest server) {
        ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES]);
        for (int key = 0; key < READERS; key++) {
            awaitNothingInFlight();
            server.keyValue()
                    .set(SetRequest.newBuilder().setKey(key).setValue(value).build());
        }
        awaitNothingInFlight();
    }

    private static List<SlowReader> startReaders(ServerUnderTest server) {
        List<SlowReader> readers = new ArrayList<>();
        for (int key = 0; key < READERS; key++) {
            readers.add(new SlowReader(server, key));
        }
        return readers;
    }

    /** Those that were refused; the others wait for their clients, and are not to be ended by anything else. */
    private static List<SlowReader> awaitRefusals(List<SlowReader> readers) {
        Awaitility.await()
                .until(() -> readers.stream().filter(SlowReader::isClosed).count() == READERS - 2);
        return readers.stream().filter(SlowReader::isClosed).collect(Collectors.toList());
    }

    private static void isOverloaded(SlowReader reader) {
        assertThat(reader.status().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        StatusRuntimeException failure = new StatusRuntimeException(reader.status(), reader.trailers());
        assertThat(ServerUnderTest.errorInfo(failure).getReason()).isEqualTo("OVERLOADED");
    }

    private static int get(ServerUnderTest server, long key) {
        return server.keyValue()
                .get(GetRequest.newBuilder().setKey(key).build())
                .getEntry()
                .getValue()
                .size();
    }

    private void awaitNothingInFlight() {
        Awaitility.await().until(calls::requests, Predicate.isEqual(0));
        assertThat(calls.bytes()).isZero();
    }
}
