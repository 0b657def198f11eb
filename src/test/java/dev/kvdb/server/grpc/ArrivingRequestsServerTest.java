package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.CountedOperations;
import dev.kvdb.server.ServerUnderTest;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that send a part of a request fill the server up to its limit, and no further. */
@QuarkusTest
@TestProfile(ArrivingRequestsServerTest.RoomForOne.class)
class ArrivingRequestsServerTest {

    private static final int VALUE_BYTES = 4 << 20;
    private static final int PART_BYTES = 3 << 20;
    private static final long ARRIVING_BYTES_MAX = 5 << 20;
    private static final String SET = "/kvdb.v1.KeyValue/Set";
    private static final String OVERLOADED = "8";

    /** Room for one request that has arrived in part. */
    public static class RoomForOne implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "kvdb.data-directory", "target/test-data/arriving-${quarkus.uuid}",
                    "kvdb.storage.value-size-max", "4M",
                    "kvdb.limits.bytes-in-flight", "10M");
        }
    }

    @Inject
    ArrivingRequests arriving;

    @Inject
    CallsInFlight calls;

    @Inject
    Vertx vertx;

    private final List<HttpClient> clients = new ArrayList<>();

    @AfterEach
    void everythingIsGivenBack() {
        clients.forEach(HttpClient::close);
        Awaitility.await().until(arriving::bytes, Predicate.isEqual(0L));
        Awaitility.await().until(calls::requests, Predicate.isEqual(0));
    }

    @Test
    void manyRequestsInPart_areRefusedButTheLast_andOthersAreServed() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            long counted = CountedOperations.of("set", "overloaded");
            List<PartialCall> partial = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                PartialCall call = new PartialCall(SET);
                call.begin(VALUE_BYTES).part(PART_BYTES);
                awaitRefusalOfLast(partial);
                partial.add(call);
                Awaitility.await().until(() -> arriving.bytes() >= PART_BYTES);
                assertThat(arriving.bytes()).isLessThanOrEqualTo(ARRIVING_BYTES_MAX);
            }
            assertThat(partial.get(19).isEnded()).isFalse();

            assertThat(server.keyValue().get(GetRequest.getDefaultInstance()).hasEntry())
                    .isFalse();
            ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES]);
            server.keyValue()
                    .set(SetRequest.newBuilder().setKey(1).setValue(value).build());
            assertThat(partial.get(19).status())
                    .as("refused for the sake of one that came whole")
                    .isEqualTo(OVERLOADED);
            Awaitility.await().until(() -> CountedOperations.of("set", "overloaded") == counted + partial.size());
        }
    }

    @Test
    void partsOfCallsToAnyService_areBounded() {
        List<PartialCall> partial = new ArrayList<>();
        for (String method : List.of(
                "/grpc.health.v1.Health/Check",
                "/kvdb.v1.Admin/Status",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                SET)) {
            PartialCall call = new PartialCall(method);
            call.begin(VALUE_BYTES).part(PART_BYTES);
            awaitRefusalOfLast(partial);
            partial.add(call);
            Awaitility.await().until(() -> arriving.bytes() >= PART_BYTES);
        }
        assertThat(partial.get(3).isEnded()).isFalse();
    }

    @Test
    void requestThatGoesOn_outlivesThoseThatDoNot() {
        byte[] message = SetRequest.newBuilder()
                .setKey(2)
                .setValue(ByteString.copyFrom(new byte[1 << 20]))
                .build()
                .toByteArray();
        PartialCall slow = new PartialCall(SET);
        slow.begin(message.length);
        List<PartialCall> stalled = new ArrayList<>();
        int sent = 0;
        for (int part = 0; part < 8; part++) {
            int length = Math.min(message.length - sent, 1 << 17);
            long before = arriving.bytes();
            slow.send(Buffer.buffer().appendBytes(message, sent, length));
            sent += length;
            Awaitility.await().until(() -> arriving.bytes() != before);
            PartialCall other = new PartialCall(SET);
            stalled.add(other);
            long withoutIt = arriving.bytes();
            other.begin(VALUE_BYTES).part(2 << 20);
            if (part < 2) {
                Awaitility.await().until(() -> arriving.bytes() >= withoutIt + (2 << 20));
            } else {
                Awaitility.await().until(stalled.get(part - 2)::isEnded);
            }
        }
        slow.send(Buffer.buffer().appendBytes(message, sent, message.length - sent));
        slow.end();

        assertThat(slow.status()).isEqualTo("0");
        assertThat(stalled.get(0).status()).isEqualTo(OVERLOADED);
    }

    @Test
    void partsOfASecondMessage_areBoundedToo() {
        byte[] whole = SetRequest.newBuilder().setKey(3).build().toByteArray();
        List<PartialCall> partial = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            PartialCall call = new PartialCall(SET);
            partial.add(call);
            call.begin(whole.length).send(Buffer.buffer(whole));
            call.begin(VALUE_BYTES).part(PART_BYTES);
            Awaitility.await().until(() -> arriving.bytes() >= PART_BYTES);
        }
        for (PartialCall call : partial.subList(0, 4)) {
            assertThat(call.status()).isEqualTo(OVERLOADED);
        }
    }

    @Test
    void clientsThatGoAway_giveTheirBytesBack() {
        for (int i = 0; i < 5; i++) {
            PartialCall call = new PartialCall(SET);
            call.begin(VALUE_BYTES).part(PART_BYTES);
            Awaitility.await().until(() -> arriving.bytes() >= PART_BYTES);
            call.reset();
            Awaitility.await().until(arriving::bytes, Predicate.isEqual(0L));
        }
    }

    @Test
    void onePieceAtATime_isChargedForEachPiece() {
        PartialCall call = new PartialCall(SET);
        call.begin(VALUE_BYTES);
        for (int i = 0; i < 100; i++) {
            // Pieces that are sent faster than they leave would leave as one.
            long before = arriving.bytes();
            call.part(1);
            Awaitility.await().pollInterval(1, TimeUnit.MILLISECONDS).until(() -> arriving.bytes() > before);
        }

        assertThat(arriving.bytes()).isGreaterThan(100 * 100);
    }

    /** By the next one, which has arrived then: without that, the next but one may come before it. */
    private static void awaitRefusalOfLast(List<PartialCall> partial) {
        if (!partial.isEmpty()) {
            assertThat(partial.get(partial.size() - 1).status()).isEqualTo(OVERLOADED);
        }
    }

    /** A call on a connection of its own, whose request is sent byte by byte. */
    private final class PartialCall {

        private final HttpClientRequest request;
        private final CompletableFuture<String> status = new CompletableFuture<>();

        PartialCall(String path) {
            HttpClient client = vertx.createHttpClient(new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setHttp2ClearTextUpgrade(false));
            clients.add(client);
            int port = ConfigProvider.getConfig().getValue("quarkus.grpc.server.test-port", Integer.class);
            request = join(client.request(new RequestOptions()
                    .setMethod(HttpMethod.POST)
                    .setHost("127.0.0.1")
                    .setPort(port)
                    .setURI(path)));
            request.putHeader("content-type", "application/grpc").putHeader("te", "trailers");
            request.setChunked(true);
            // How the call ended is asked for by status().
            request.exceptionHandler(failure -> {});
            request.response().onFailure(status::completeExceptionally).onSuccess(response -> {
                if (response.getHeader("grpc-status") != null) {
                    status.complete(response.getHeader("grpc-status"));
                } else {
                    response.end()
                            .onFailure(status::completeExceptionally)
                            .onSuccess(end -> status.complete(response.getTrailer("grpc-status")));
                }
            });
        }

        /** Announces a message of so many bytes. */
        PartialCall begin(int messageBytes) {
            send(Buffer.buffer().appendByte((byte) 0).appendInt(messageBytes));
            return this;
        }

        void part(int bytes) {
            send(Buffer.buffer(new byte[bytes]));
        }

        void send(Buffer bytes) {
            request.write(bytes);
        }

        void end() {
            request.end();
        }

        void reset() {
            request.reset();
        }

        boolean isEnded() {
            return status.isDone();
        }

        String status() {
            return status.orTimeout(1, TimeUnit.MINUTES).join();
        }

        private static <T> T join(io.vertx.core.Future<T> future) {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .orTimeout(1, TimeUnit.MINUTES)
                    .join();
        }
    }
}
