package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.AdminGrpc;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a call of health or reflection may hold. */
class PacedCallTest {

    private final StatusMapping statusMapping = new StatusMapping(new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .build()
            .getConfigMapping(ServerConfiguration.class)));
    private final OtherCallsLimit limit = new OtherCallsLimit(1, statusMapping);
    private final List<Object> handled = new ArrayList<>();

    private @Nullable ServerCall<?, Object> handlersCall;

    @Test
    void transportTakesNoReply_nextRequestIsAskedForWhenItDoes() {
        FakeCall<Object, Object> call = callOf(HealthGrpc.getWatchMethod());
        ServerCall.Listener<Object> listener = start(call);
        handlersCall.request(1);
        call.ready = false;
        handlersCall.request(1);
        handlersCall.request(1);
        assertThat(call.asked).isEqualTo(1);

        call.ready = true;
        listener.onReady();
        listener.onReady();

        assertThat(call.asked).isEqualTo(3);
        assertThat(handled).containsExactly("ready", "ready");
    }

    @Test
    void replyThatTheTransportDoesNotTake_endsTheCall_andTheHandlerIsToldThatItIsCancelled() {
        FakeCall<Object, Object> call = callOf(HealthGrpc.getWatchMethod());
        ServerCall.Listener<Object> listener = start(call);
        handlersCall.sendMessage("first");
        call.ready = false;
        handlersCall.sendMessage("second");
        call.ready = true;
        handlersCall.sendHeaders(new Metadata());
        handlersCall.sendMessage("third");
        handlersCall.close(Status.OK, new Metadata());
        listener.onMessage("request");
        listener.onHalfClose();
        listener.onComplete();

        assertThat(call.replies).containsExactly("first");
        assertThat(call.headers).isEmpty();
        assertThat(call.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(handled).containsExactly("cancelled");
    }

    @Test
    void largeRequest_isRefusedAndNotHandled() {
        FakeCall<Object, Object> call = callOf(HealthGrpc.getCheckMethod());
        ServerCall.Listener<Object> listener = start(call);
        listener.onMessage(request(OtherCallsLimit.REQUEST_BYTES_MAX + 1));
        listener.onHalfClose();

        assertThat(call.closedWith).extracting(Status::getCode).containsExactly(Status.Code.INVALID_ARGUMENT);
        assertThat(call.closedWith.get(0).getDescription())
                .isEqualTo("the request's size is 4097, must be at most 4096 bytes");
        assertThat(handled).isEmpty();
    }

    @Test
    void largestRequest_isHandled() {
        FakeCall<Object, Object> call = callOf(HealthGrpc.getCheckMethod());
        ServerCall.Listener<Object> listener = start(call);
        HealthCheckRequest largest = request(OtherCallsLimit.REQUEST_BYTES_MAX);
        listener.onMessage(largest);
        listener.onHalfClose();
        handlersCall.sendMessage("reply");
        handlersCall.close(Status.OK, new Metadata());
        listener.onComplete();

        assertThat(call.replies).containsExactly("reply");
        assertThat(call.closedWith).containsExactly(Status.OK);
        assertThat(handled).containsExactly(largest, "half closed", "complete");
    }

    /** A reply takes a buffer of 4 KiB, so that few may wait, however small they are. */
    @Test
    void fewRepliesMayWait() {
        FakeCall<Object, Object> reflection = callOf(ServerReflectionGrpc.getServerReflectionInfoMethod());
        start(reflection);
        assertThat(reflection.readyBytesMax).isEqualTo(1);

        FakeCall<Object, Object> watch = callOf(HealthGrpc.getWatchMethod());
        new PacedCall<>(watch, statusMapping);
        assertThat(watch.readyBytesMax).isEqualTo(256);
    }

    /** They are charged for. */
    @Test
    void callOfAdmin_isLeftAsItIs() {
        FakeCall<Object, Object> call = callOf(AdminGrpc.getStatusMethod());
        ServerCall.Listener<Object> listener = start(call);
        HealthCheckRequest large = request(OtherCallsLimit.REQUEST_BYTES_MAX + 1);
        listener.onMessage(large);

        assertThat(handled).containsExactly(large);
        assertThat(handlersCall).isSameAs(call);
    }

    @Test
    void callThatWasRefusedAfterItBegan_isCountedNoMore() {
        FakeCall<Object, Object> call = callOf(HealthGrpc.getCheckMethod());
        ServerCall.Listener<Object> listener = start(call);
        listener.onMessage(request(OtherCallsLimit.REQUEST_BYTES_MAX + 1));
        FakeCall<Object, Object> meanwhile = callOf(HealthGrpc.getCheckMethod());
        start(meanwhile);
        listener.onComplete();
        FakeCall<Object, Object> next = callOf(HealthGrpc.getCheckMethod());
        start(next);

        assertThat(meanwhile.closedWith).hasSize(1);
        assertThat(next.closedWith).isEmpty();
    }

    /** Of so many bytes, its tag and length included. */
    private static HealthCheckRequest request(int bytes) {
        HealthCheckRequest request = HealthCheckRequest.newBuilder()
                .setService("x".repeat(bytes - 3))
                .build();
        assertThat(request.getSerializedSize()).isEqualTo(bytes);
        return request;
    }

    private ServerCall.Listener<Object> start(FakeCall<Object, Object> call) {
        return limit.interceptCall(call, new Metadata(), (started, headers) -> {
            handlersCall = started;
            return new ServerCall.Listener<>() {
                @Override
                public void onMessage(Object request) {
                    handled.add(request);
                }

                @Override
                public void onHalfClose() {
                    handled.add("half closed");
                }

                @Override
                public void onReady() {
                    handled.add("ready");
                }

                @Override
                public void onComplete() {
                    handled.add("complete");
                }

                @Override
                public void onCancel() {
                    handled.add("cancelled");
                }
            };
        });
    }

    @SuppressWarnings("unchecked") // what its messages are makes no difference here
    private static FakeCall<Object, Object> callOf(MethodDescriptor<?, ?> method) {
        return new FakeCall<>((MethodDescriptor<Object, Object>) method);
    }
}
