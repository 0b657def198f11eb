package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.kvdb.testkit.ServerProcess;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import dev.kvdb.v1.StatusRequest;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGTERM: what is in flight finishes, what comes later is refused, and the next open is a clean one. */
class ShutdownIT {

    private static final int TERMINATED = 143;

    @TempDir
    private Path directory;

    @Test
    void callInFlight_finishes_whileProbesSayNotReadyAndNewCallsAreRefused() throws Exception {
        try (ServerProcess server = ServerProcess.start(directory).awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            OpenCall inFlight = new OpenCall(client);
            Awaitility.await().until(() -> server.httpBody("/q/metrics").contains("kvdb_calls_in_flight 1.0"));

            server.terminate();

            Awaitility.await().until(() -> server.httpStatus("/q/health/ready") == 503);
            assertThat(server.httpBody("/q/health/ready")).contains("DRAINING");
            assertThat(server.httpStatus("/q/health/live")).isEqualTo(200);
            assertThat(HealthGrpc.newBlockingStub(client.channel())
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus())
                    .isEqualTo(ServingStatus.NOT_SERVING);
            StatusRuntimeException refusal = catchThrowableOfType(
                    StatusRuntimeException.class, () -> client.keyValue().get(GetRequest.getDefaultInstance()));
            assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("SHUTTING_DOWN");

            inFlight.send(SetRequest.newBuilder()
                    .setKey(1)
                    .setValue(ByteString.copyFromUtf8("in flight"))
                    .build());

            assertThat(inFlight.status().getCode()).isEqualTo(Status.Code.OK);
            assertThat(server.awaitExit()).isEqualTo(TERMINATED);
            assertThat(server.output())
                    .contains("stopping: 1 call in flight may take up to 20 s", "closed the store")
                    .doesNotContain("\tat ", "SRHCK");
        }
        assertNextOpenIsCleanAndHas(List.of(1L));
    }

    @Test
    void watchOfHealth_saysNotServing_andEndsInsteadOfBeingCutOff() {
        try (ServerProcess server = ServerProcess.start(directory).awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            Iterator<HealthCheckResponse> watch =
                    HealthGrpc.newBlockingStub(client.channel()).watch(HealthCheckRequest.getDefaultInstance());
            assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.SERVING);

            server.terminate();

            assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(watch.hasNext()).isFalse();
            assertThat(server.awaitExit()).isEqualTo(TERMINATED);
        }
    }

    @Test
    void load_endsWithoutALostAcknowledgement() throws Exception {
        List<Long> acknowledged = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(directory).awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            List<ListenableFuture<SetResponse>> sets = new ArrayList<>();
            ByteString value = ByteString.copyFrom(new byte[10_000]);
            for (long key = 0; key < 3_000; key++) {
                sets.add(client.keyValueAsync()
                        .set(SetRequest.newBuilder().setKey(key).setValue(value).build()));
                if (key == 1_000) {
                    sets.get(200).get(1, TimeUnit.MINUTES);
                    server.terminate();
                }
            }
            for (int key = 0; key < sets.size(); key++) {
                try {
                    sets.get(key).get(1, TimeUnit.MINUTES);
                    acknowledged.add((long) key);
                } catch (ExecutionException e) {
                    assertThat(Status.fromThrowable(e).getCode())
                            .as("%s, server: %s", e, server.output())
                            .isEqualTo(Status.Code.UNAVAILABLE);
                }
            }
            assertThat(server.awaitExit()).isEqualTo(TERMINATED);
            assertThat(server.output()).contains("closed the store").doesNotContain("\tat ");
        }
        assertThat(acknowledged).isNotEmpty();
        assertNextOpenIsCleanAndHas(acknowledged);
    }

    @Test
    void gracePeriodOver_callIsDroppedAndTheProcessExits() {
        try (ServerProcess server = ServerProcess.start(directory, "kvdb.shutdown.grace-period=500ms")
                        .awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            OpenCall inFlight = new OpenCall(client);
            Awaitility.await().until(() -> server.httpBody("/q/metrics").contains("kvdb_calls_in_flight 1.0"));

            server.terminate();

            assertThat(server.awaitExit()).isEqualTo(TERMINATED);
            assertThat(server.output()).contains("1 call did not finish within kvdb.shutdown.grace-period (500 ms)");
            assertThat(inFlight.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        }
    }

    private void assertNextOpenIsCleanAndHas(List<Long> keys) {
        try (ServerProcess server = ServerProcess.start(directory).awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            assertThat(client.admin()
                            .status(StatusRequest.getDefaultInstance())
                            .getRecovery()
                            .getClean())
                    .isTrue();
            for (long key : keys) {
                assertThat(client.keyValue()
                                .get(GetRequest.newBuilder().setKey(key).build())
                                .hasEntry())
                        .as("acknowledged key %d", key)
                        .isTrue();
            }
        }
    }

    /** A set that has begun, and whose request has not been sent yet. */
    private static final class OpenCall extends ClientCall.Listener<SetResponse> {

        private final ClientCall<SetRequest, SetResponse> call;
        private final CompletableFuture<Status> closed = new CompletableFuture<>();

        OpenCall(ServerUnderTest client) {
            // The headers of a unary call would only leave together with its request.
            MethodDescriptor<SetRequest, SetResponse> streamed = KeyValueGrpc.getSetMethod().toBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .build();
            call = client.channel().newCall(streamed, CallOptions.DEFAULT);
            call.start(this, new Metadata());
            call.request(2);
        }

        void send(SetRequest request) {
            call.sendMessage(request);
            call.halfClose();
        }

        Status status() {
            return closed.orTimeout(1, TimeUnit.MINUTES).join();
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            closed.complete(status);
        }
    }
}
