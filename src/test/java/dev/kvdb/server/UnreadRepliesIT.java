package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import io.grpc.Status;
import io.grpc.reflection.v1.ServerReflectionRequest;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Clients that have the server hold what it has for them: they do not end their requests, or read nothing. */
class UnreadRepliesIT extends AbusedServer {

    private static final String HEALTH_CHECK = "/grpc.health.v1.Health/Check";
    private static final String REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

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
}
