package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.ServerProcess;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that do what none should, on loopback. Whatever they do, others are served meanwhile; afterwards nothing of
 * them is left in the server, and its log has no stack trace.
 */
class RpcAbuseIT {

    /** How many of each abuse; {@code kvdb.abuse} multiplies it. */
    private static final int TIMES = Integer.getInteger("kvdb.abuse", 1);

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int VALUE_BYTES_MAX = 1 << 20;

    private static final String SET = "/kvdb.v1.KeyValue/Set";
    private static final String HEALTH_CHECK = "/grpc.health.v1.Health/Check";
    private static final String REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    /** A client of the server itself may come or go between two counts. */
    private static final int DESCRIPTORS_SLACK = 4;

    @TempDir
    private static Path work;

    private static ServerProcess server;
    private static ServerUnderTest wellBehaved;

    private final List<RawConnection> connections = new ArrayList<>();
    private long descriptorsBefore;
    private int outputBefore;

    @BeforeAll
    static void start() {
        server = ServerProcess.startWithJavaOptions(
                        "-Xmx96m", work.resolve("database"), "kvdb.storage.value-size-max=" + VALUE_BYTES_MAX)
                .awaitReady();
        wellBehaved = ServerUnderTest.atPort(server.grpcPort());
        assertServes();
    }

    @AfterAll
    static void stop() {
        wellBehaved.close();
        server.terminate();
        assertThat(server.awaitExit()).isEqualTo(143);
    }

    @BeforeEach
    void noteWhatThereIs() {
        outputBefore = server.output().length();
        descriptorsBefore = server.openDescriptors();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        for (RawConnection connection : connections) {
            connection.close();
        }
        assertServes();
        Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(server.httpBody("/q/metrics")).contains("kvdb_calls_in_flight 0.0");
            assertThat(server.openDescriptors()).isLessThanOrEqualTo(descriptorsBefore + DESCRIPTORS_SLACK);
        });
        assertThat(server.output().substring(outputBefore))
                .doesNotContain("\tat ")
                .doesNotContain("OutOfMemory");
    }

    private static void assertServes() {
        ByteString value = ByteString.copyFromUtf8("served");
        wellBehaved
                .keyValue()
                .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .set(set(-1, value));
        assertThat(wellBehaved
                        .keyValue()
                        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                        .get(GetRequest.newBuilder().setKey(-1).build())
                        .getEntry()
                        .getValue())
                .isEqualTo(value);
    }

    private static SetRequest set(long key, ByteString value) {
        return SetRequest.newBuilder().setKey(key).setValue(value).build();
    }

    private RawConnection connect() throws IOException {
        RawConnection connection = new RawConnection(server.grpcPort());
        connections.add(connection);
        return connection;
    }

    @Test
    void valuesAroundTheLimit_areTakenUpToIt() {
        for (int bytes : new int[] {VALUE_BYTES_MAX - 1, VALUE_BYTES_MAX}) {
            wellBehaved.keyValue().set(set(1, ByteString.copyFrom(new byte[bytes])));
            assertThat(wellBehaved
                            .keyValue()
                            .get(GetRequest.newBuilder().setKey(1).build())
                            .getEntry()
                            .getValue()
                            .size())
                    .isEqualTo(bytes);
        }
        StatusRuntimeException refusal = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> wellBehaved.keyValue().set(set(1, ByteString.copyFrom(new byte[VALUE_BYTES_MAX + 1]))));
        assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("VALUE_TOO_LARGE");
        assertThatThrownBy(() ->
                        wellBehaved.keyValue().set(set(1, ByteString.copyFrom(new byte[VALUE_BYTES_MAX + (1 << 20)]))))
                .hasMessageContaining("RESOURCE_EXHAUSTED");
    }

    @Test
    void garbageInsteadOfHttp2_endsTheConnection() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 50 * TIMES; i++) {
                byte[] garbage = new byte[64 + random.nextInt(4_000)];
                random.nextBytes(garbage);
                RawConnection connection = connect();
                try {
                    switch (i % 3) {
                        case 0 -> connection.send(garbage);
                        case 1 ->
                            connection.send(
                                    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                        default -> connection.preface().frame(RawConnection.DATA, random.nextInt(256), 0, garbage);
                    }
                } catch (SocketException e) {
                    // The server was faster.
                }
            }
            assertServes();
            for (RawConnection connection : connections) {
                connection.awaitClosedByServer();
            }
        });
    }

    @Test
    void halfOpenConnections_harmNobody() throws IOException {
        for (int i = 0; i < 300 * TIMES; i++) {
            RawConnection connection = connect();
            switch (i % 3) {
                case 0 -> {}
                case 1 -> connection.send("PRI * HTTP/2.0\r\n".getBytes(StandardCharsets.US_ASCII));
                default -> connection.preface().call(1, SET);
            }
        }
        assertServes();
        for (RawConnection connection : connections) {
            connection.reset();
        }
    }

    @Test
    void thousandsOfIdleStreams_harmNobody() throws IOException {
        for (int i = 0; i < 10; i++) {
            RawConnection connection = connect().preface();
            for (int stream = 1; stream < 2 * 200 * TIMES; stream += 2) {
                connection.call(stream, SET);
            }
        }
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(server.httpBody("/q/metrics")).contains("kvdb_calls_in_flight " + 2_000.0 * TIMES));
        assertServes();
    }

    @Test
    void streamsOpenedAndResetAtOnce_harmNobody() throws IOException {
        RawConnection connection = connect().preface();
        try {
            for (int stream = 1; stream < 2 * 1_000 * TIMES; stream += 2) {
                connection.call(stream, SET).frame(RawConnection.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
            }
        } catch (SocketException e) {
            // The server may end such a connection.
        }
        assertServes();
    }

    @Test
    void halfSentMessages_harmNobody() throws IOException {
        byte[] part =
                ByteBuffer.allocate(8_000).put((byte) 0).putInt(VALUE_BYTES_MAX).array();
        for (int i = 0; i < 10; i++) {
            RawConnection connection = connect().preface();
            for (int stream = 1; stream < 2 * 100 * TIMES; stream += 2) {
                connection.call(stream, SET).frame(RawConnection.DATA, 0, stream, part);
            }
        }
        assertServes();
    }

    @Test
    void wholeRequestsWithoutAnEnd_harmNobodyWhateverTheService() throws IOException {
        byte[] check = HealthCheckRequest.newBuilder()
                .setService("x".repeat(256 << 10))
                .build()
                .toByteArray();
        for (int i = 0; i < 100 * TIMES; i++) {
            RawConnection connection = connect().withPatience().preface();
            for (int stream = 1; stream < 2 * 8; stream += 2) {
                connection.call(stream, HEALTH_CHECK).message(stream, check);
            }
            connection.awaitProcessed();
        }
        assertServes();
    }

    /** Each reply of reflection has its request in it. */
    @Test
    void largeRequestsOfReflectionWhoseRepliesAreNotRead_harmNobody() throws IOException {
        RawConnection connection = connect().withPatience().preface().call(1, REFLECTION);
        sendAgainAndAgain(
                connection,
                200 * TIMES,
                ServerReflectionRequest.newBuilder()
                        .setHost("x".repeat(VALUE_BYTES_MAX))
                        .build());
        assertServes();
    }

    @Test
    void manyRequestsOfReflectionWhoseRepliesAreNotRead_harmNobody() throws IOException {
        RawConnection connection = connect().withPatience().preface().call(1, REFLECTION);
        sendAgainAndAgain(
                connection,
                50_000 * TIMES,
                ServerReflectionRequest.newBuilder()
                        .setFileContainingSymbol("kvdb.v1.KeyValue")
                        .build());
        assertServes();
    }

    private static void sendAgainAndAgain(RawConnection connection, int times, ServerReflectionRequest request)
            throws IOException {
        byte[] message = request.toByteArray();
        try {
            for (int i = 0; i < times; i++) {
                connection.message(1, message);
            }
            connection.awaitProcessed();
        } catch (SocketException e) {
            // The server may end such a connection.
        }
    }

    @Test
    void refusedCallsOfAClientThatReadsNothing_harmNobody() throws IOException {
        RawConnection connection = connect().withPatience().preface().acknowledgeSettings();
        try {
            for (int stream = 1; stream < 2 * 150_000 * TIMES; stream += 2) {
                connection.call(stream, SET);
            }
        } catch (SocketException e) {
            // The server may end such a connection.
        }
        connection.reset();
    }

    @Test
    void slowReadersOfLargeReplies_harmNobody() {
        wellBehaved.keyValue().set(set(2, ByteString.copyFrom(new byte[VALUE_BYTES_MAX])));
        try (ServerUnderTest slow = ServerUnderTest.atPort(server.grpcPort())) {
            List<SlowReader> readers = new ArrayList<>();
            for (int i = 0; i < 100 * TIMES; i++) {
                readers.add(new SlowReader(slow, 2));
            }
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> readers.stream().filter(SlowReader::isClosed).count() > 10);
            assertThat(readers.stream()
                            .filter(SlowReader::isClosed)
                            .map(reader -> reader.status().getCode()))
                    .containsOnly(Status.Code.RESOURCE_EXHAUSTED);
            wellBehaved.keyValue().set(set(3, ByteString.EMPTY));
            readers.forEach(SlowReader::cancel);
        }
    }

    /** gRPC lets two of those pass that come too early. */
    @Test
    void clientThatPingsTooOften_isSentAway() throws IOException {
        RawConnection pinging = connect().preface();
        RawConnection.Frame answer = pinging.ping();
        for (int i = 1; i < 50 && answer.type() == RawConnection.PING; i++) {
            answer = pinging.ping();
        }

        assertThat(answer.type()).isEqualTo(RawConnection.GOAWAY);
        assertThat(new String(answer.payload(), StandardCharsets.US_ASCII)).endsWith("too_many_pings");
        assertServes();
        pinging.awaitClosedByServer();
    }

    @Test
    void malformedMessages_areRefused() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 100 * TIMES; i++) {
                byte[] garbage = new byte[1 + random.nextInt(200)];
                random.nextBytes(garbage);
                // The end of a group that was never begun.
                garbage[0] = 0x0c;
                assertThatThrownBy(() -> call("kvdb.v1.KeyValue/Set", garbage))
                        .isInstanceOfSatisfying(
                                StatusRuntimeException.class,
                                failure -> assertThat(failure.getStatus().getCode())
                                        .isEqualTo(Status.Code.UNKNOWN));
            }
        });
    }

    @Test
    void unknownMethodsAndServices_areUnimplemented() {
        for (String method : List.of("kvdb.v1.KeyValue/Guess", "kvdb.v2.KeyValue/Get", "x/" + "y".repeat(4_000))) {
            assertThatThrownBy(() -> call(method, new byte[0])).hasMessageContaining("UNIMPLEMENTED");
        }
    }

    @Test
    void hugeHeaders_areRefused() throws IOException {
        Metadata huge = new Metadata();
        huge.put(Metadata.Key.of("x-huge", Metadata.ASCII_STRING_MARSHALLER), "h".repeat(100_000));
        assertThatThrownBy(() -> wellBehaved
                        .keyValue()
                        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(huge))
                        .get(GetRequest.getDefaultInstance()))
                .isInstanceOf(StatusRuntimeException.class);

        RawConnection endless = connect().preface();
        endless.frame(RawConnection.HEADERS, RawConnection.NO_FLAGS, 1, RawConnection.callHeaders(SET));
        try {
            for (int i = 0; i < 2_000; i++) {
                endless.frame(RawConnection.CONTINUATION, RawConnection.NO_FLAGS, 1, new byte[16_000]);
            }
            endless.awaitClosedByServer();
        } catch (SocketException e) {
            // The server has closed it, as it should.
        }
    }

    private static byte[] call(String method, byte[] request) {
        MethodDescriptor<byte[], byte[]> descriptor = MethodDescriptor.newBuilder(new RawMessages(), new RawMessages())
                .setType(MethodType.UNARY)
                .setFullMethodName(method)
                .build();
        return ClientCalls.blockingUnaryCall(wellBehaved.channel(), descriptor, CallOptions.DEFAULT, request);
    }
}
