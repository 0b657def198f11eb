package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class KeyValueServerTest {

    private static final int VALUE_BYTES_MAX = 16 << 20;

    private static ServerUnderTest server;

    @BeforeAll
    static void connect() {
        server = ServerUnderTest.inProcess();
    }

    @AfterAll
    static void disconnect() {
        server.close();
    }

    @Test
    void getOfAbsentKey_repliesWithoutEntry() {
        assertThat(get(1_000).hasEntry()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE})
    void setThenGet_repliesWithValueAndVersion(long key) {
        SetResponse set = set(key, ByteString.copyFromUtf8("value of " + key));

        GetResponse got = get(key);

        assertThat(got.getEntry().getKey()).isEqualTo(key);
        assertThat(got.getEntry().getValue().toStringUtf8()).isEqualTo("value of " + key);
        assertThat(got.getEntry().getVersion()).isEqualTo(set.getVersion());
    }

    @Test
    void setOfEmptyValue_isPresentAndEmpty() {
        set(2, ByteString.EMPTY);

        assertThat(get(2).hasEntry()).isTrue();
        assertThat(get(2).getEntry().getValue()).isEmpty();
    }

    @Test
    void secondSet_saysReplacedAndHasHigherVersion() {
        SetResponse first = set(3, ByteString.copyFromUtf8("a"));
        SetResponse second = set(3, ByteString.copyFromUtf8("b"));

        assertThat(first.getReplaced()).isFalse();
        assertThat(second.getReplaced()).isTrue();
        assertThat(second.getVersion()).isGreaterThan(first.getVersion());
        assertThat(get(3).getEntry().getValue().toStringUtf8()).isEqualTo("b");
    }

    @Test
    void remove_saysWhetherThereWasAValue() {
        set(4, ByteString.copyFromUtf8("a"));

        RemoveResponse first = remove(4);
        RemoveResponse second = remove(4);

        assertThat(first.getRemoved()).isTrue();
        assertThat(second.getRemoved()).isFalse();
        assertThat(second.getVersion()).isGreaterThanOrEqualTo(first.getVersion());
        assertThat(get(4).hasEntry()).isFalse();
    }

    @Test
    void mutinyStub_setGetRemove() {
        Duration patience = Duration.ofSeconds(30);
        SetResponse set = server.keyValueMutiny()
                .set(SetRequest.newBuilder()
                        .setKey(5)
                        .setValue(ByteString.copyFromUtf8("m"))
                        .build())
                .await()
                .atMost(patience);
        GetResponse got = server.keyValueMutiny()
                .get(GetRequest.newBuilder().setKey(5).build())
                .await()
                .atMost(patience);
        RemoveResponse removed = server.keyValueMutiny()
                .remove(RemoveRequest.newBuilder().setKey(5).build())
                .await()
                .atMost(patience);

        assertThat(got.getEntry().getVersion()).isEqualTo(set.getVersion());
        assertThat(removed.getRemoved()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0})
    void valueUpToTheLimit_isStoredAndRead(int beyond) {
        ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES_MAX + beyond]);

        set(6, value);

        assertThat(get(6).getEntry().getValue()).isEqualTo(value);
        remove(6);
    }

    @Test
    void valueOverTheLimit_isInvalidArgumentThatNamesTheLimit() {
        ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES_MAX + 1]);
        long counted = CountedOperations.of("set", "value_too_large");

        StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, () -> set(7, value));

        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(ServerUnderTest.errorInfo(failure).getDomain()).isEqualTo("kvdb");
        assertThat(ServerUnderTest.errorInfo(failure).getReason()).isEqualTo("VALUE_TOO_LARGE");
        assertThat(ServerUnderTest.errorInfo(failure).getMetadataMap())
                .containsEntry("limit_bytes", Integer.toString(VALUE_BYTES_MAX));
        assertThat(CountedOperations.of("set", "value_too_large")).isEqualTo(counted + 1);
        assertThat(get(7).hasEntry()).isFalse();
    }

    @Test
    void messageOverTheTransportsLimit_isResourceExhausted_andTheConnectionGoesOn() {
        ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES_MAX + (1 << 20)]);
        long counted = CountedOperations.of("set", "resource_exhausted");

        StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, () -> set(8, value));

        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(get(8).hasEntry()).isFalse();
        Awaitility.await().until(() -> CountedOperations.of("set", "resource_exhausted") == counted + 1);
    }

    @Test
    void callThatIsCancelledBeforeItsRequest_isCountedAsCancelled() {
        long counted = CountedOperations.of("remove", "cancelled");
        // A unary call's headers would only leave together with its request.
        ClientCall<RemoveRequest, RemoveResponse> call = server.channel()
                .newCall(
                        KeyValueGrpc.getRemoveMethod().toBuilder()
                                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                .build(),
                        CallOptions.DEFAULT);
        call.start(new ClientCall.Listener<>() {}, new Metadata());
        Awaitility.await().until(() -> given().get("/q/metrics").asString().contains("kvdb_calls_in_flight 1.0"));
        call.cancel("the client goes", null);

        Awaitility.await().until(() -> CountedOperations.of("remove", "cancelled") == counted + 1);
    }

    @Test
    void noProtobuf_isCountedAsMalformed() {
        long counted = CountedOperations.of("remove", "malformed");
        MethodDescriptor<byte[], RemoveResponse> garbled = KeyValueGrpc.getRemoveMethod().toBuilder(
                        new RawMessages(), KeyValueGrpc.getRemoveMethod().getResponseMarshaller())
                .build();
        byte[] endOfGroup = {0x0c};

        assertThatThrownBy(
                        () -> ClientCalls.blockingUnaryCall(server.channel(), garbled, CallOptions.DEFAULT, endOfGroup))
                .hasMessageContaining("UNKNOWN");

        Awaitility.await().until(() -> CountedOperations.of("remove", "malformed") == counted + 1);
    }

    @Test
    void cancelledCalls_disturbNeitherTheStoreNorLaterCalls() {
        ByteString value = ByteString.copyFrom(new byte[64 << 10]);
        List<ListenableFuture<?>> calls = new ArrayList<>();
        for (int call = 0; call < 200; call++) {
            try (Context.CancellableContext context = Context.current().withCancellation()) {
                long key = 10_000L + call;
                context.run(() -> calls.add(server.keyValueAsync()
                        .set(SetRequest.newBuilder().setKey(key).setValue(value).build())));
                context.run(() -> calls.add(server.keyValueAsync()
                        .get(GetRequest.newBuilder().setKey(key - 1).build())));
            }
        }

        set(9, ByteString.copyFromUtf8("after"));

        assertThat(calls).anySatisfy(call -> assertThat(call).isDone());
        assertThat(get(9).getEntry().getValue().toStringUtf8()).isEqualTo("after");
        for (int call = 0; call < 200; call++) {
            GetResponse got = get(10_000 + call);
            if (got.hasEntry()) {
                assertThat(got.getEntry().getValue()).isEqualTo(value);
            }
        }
        Awaitility.await()
                .untilAsserted(() -> assertThat(given().get("/q/metrics").asString())
                        .contains("kvdb_calls_in_flight 0.0")
                        .contains("kvdb_calls_in_flight_size_bytes 0.0"));
    }

    private static SetResponse set(long key, ByteString value) {
        return server.keyValue()
                .set(SetRequest.newBuilder().setKey(key).setValue(value).build());
    }

    private static GetResponse get(long key) {
        return server.keyValue().get(GetRequest.newBuilder().setKey(key).build());
    }

    private static RemoveResponse remove(long key) {
        return server.keyValue().remove(RemoveRequest.newBuilder().setKey(key).build());
    }
}
