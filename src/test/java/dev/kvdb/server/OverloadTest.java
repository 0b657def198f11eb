package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import com.google.rpc.RetryInfo;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(OverloadTest.SmallLimits.class)
class OverloadTest {

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

    @Test
    void moreBytesInFlightThanTheLimit_areRefusedWithRetryInfo_andLaterCallsSucceed() throws Exception {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            ByteString value = ByteString.copyFrom(new byte[60 << 10]);
            List<ListenableFuture<SetResponse>> sets = new ArrayList<>();
            for (int key = 0; key < 500; key++) {
                sets.add(server.keyValueAsync()
                        .set(SetRequest.newBuilder().setKey(key).setValue(value).build()));
            }

            List<StatusRuntimeException> refusals = failures(sets);

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
