package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import com.google.rpc.RetryInfo;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(OverloadServerTest.SmallLimits.class)
class OverloadServerTest {

    /** Room for hardly more than one call. */
    public static class SmallLimits implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "kvdb.data-directory", "target/test-data/overload-${quarkus.uuid}",
                    "kvdb.storage.value-size-max", "64K",
                    "kvdb.limits.bytes-in-flight", "128K");
        }
    }

    @Inject
    CallsInFlight calls;

    @Test
    void moreBytesInFlightThanTheLimit_areRefusedWithRetryInfo_andLaterCallsSucceed() throws Exception {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            ByteString value = ByteString.copyFrom(new byte[60 << 10]);
            long counted = CountedOperations.of("set", "overloaded");
            List<ListenableFuture<SetResponse>> sets = new ArrayList<>();
            for (int key = 0; key < 500; key++) {
                sets.add(server.keyValueAsync()
                        .set(SetRequest.newBuilder().setKey(key).setValue(value).build()));
            }

            List<StatusRuntimeException> refusals = failures(sets);
            // One that is refused while it arrives is counted after its client is told.
            Awaitility.await().until(() -> CountedOperations.of("set", "overloaded") == counted + refusals.size());

            assertThat(refusals).isNotEmpty().hasSizeLessThan(sets.size()).allSatisfy(refusal -> {
                assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("OVERLOADED");
                assertThat(StatusProto.fromThrowable(refusal)
                                .getDetails(1)
                                .unpack(RetryInfo.class)
                                .getRetryDelay()
                                .getNanos())
                        .isPositive();
            });
            server.keyValue()
                    .set(SetRequest.newBuilder().setKey(-1).setValue(value).build());
            assertThat(server.keyValue()
                            .get(GetRequest.newBuilder().setKey(-1).build())
                            .getEntry()
                            .getValue())
                    .isEqualTo(value);
        }
    }

    @Test
    void requestsThatCameWholeAndWait_areRefusedPastTheLimit() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            SetRequest request = SetRequest.newBuilder()
                    .setValue(ByteString.copyFrom(new byte[60 << 10]))
                    .build();
            List<ClientCall<SetRequest, SetResponse>> open = new ArrayList<>();
            List<CompletableFuture<Status>> ends = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int before = i;
                // The headers of a unary call, and its request, would only leave together with its end.
                ClientCall<SetRequest, SetResponse> call = server.channel()
                        .newCall(
                                KeyValueGrpc.getSetMethod().toBuilder()
                                        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                        .build(),
                                CallOptions.DEFAULT);
                CompletableFuture<Status> end = new CompletableFuture<>();
                call.start(
                        new ClientCall.Listener<>() {
                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                end.complete(status);
                            }
                        },
                        new Metadata());
                call.sendMessage(request);
                open.add(call);
                ends.add(end);
                Awaitility.await().until(() -> end.isDone() || calls.bytes() > before * (60L << 10));
            }

            Status refusal = ends.get(2).orTimeout(1, TimeUnit.MINUTES).join();
            assertThat(refusal.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(refusal.getDescription()).contains("the server's memory for calls in flight");
            assertThat(ends.subList(0, 2)).noneMatch(CompletableFuture::isDone);
            open.forEach(call -> call.cancel("the test ends", null));
            Awaitility.await().until(calls::bytes, Predicate.isEqual(0L));
        }
    }

    private static List<StatusRuntimeException> failures(List<ListenableFuture<SetResponse>> calls)
            throws InterruptedException {
        List<StatusRuntimeException> failures = new ArrayList<>();
        for (ListenableFuture<SetResponse> call : calls) {
            try {
                call.get();
            } catch (ExecutionException e) {
                failures.add((StatusRuntimeException) e.getCause());
            }
        }
        return failures;
    }
}
