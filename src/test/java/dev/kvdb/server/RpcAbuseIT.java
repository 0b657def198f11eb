package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.v1.GetRequest;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Clients that do what none should. */
class RpcAbuseIT extends AbusedServer {

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
        assertThat(refusal).as("refusal of a byte too much").isNotNull();
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
        for (int round = 0; round < TIMES; round++) {
            awaitCallsInFlight(0);
            for (int i = 0; i < 10; i++) {
                RawConnection connection = connect().preface();
                for (int stream = 1; stream < 2 * 200; stream += 2) {
                    connection.call(stream, SET);
                }
            }
            awaitCallsInFlight(2_000);
            assertServes();
            closeConnections();
        }
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
