package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.ServedStore;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Calls that are not admitted, or whose handler does not come to answer. */
class CallInterceptorTest {

    private static final int CALLS_MAX = 2;
    private static final int BYTES_MAX = 128 << 10;
    private static final SetRequest LARGE = SetRequest.newBuilder()
            .setValue(ByteString.copyFrom(new byte[BYTES_MAX - 1_000]))
            .build();

    private final ServerSettings settings = new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .withSources(new PropertiesConfigSource(
                    Map.of(
                            "kvdb.storage.value-size-max", "64K",
                            "kvdb.limits.requests-in-flight", String.valueOf(CALLS_MAX),
                            "kvdb.limits.bytes-in-flight", String.valueOf(BYTES_MAX)),
                    "test",
                    300))
            .build()
            .getConfigMapping(ServerConfiguration.class));
    private final CallsInFlight calls = ServedStore.calls(settings);
    private final CallInterceptor interceptor =
            new CallInterceptor(calls, new OperationTimers(new SimpleMeterRegistry()), new StatusMapping(settings));

    @Test
    void requestPastTheLimit_isRefusedOnce_andNeitherItNorItsEndIsHandled() {
        Call first = new Call();
        first.listener.onMessage(LARGE);
        Call second = new Call();

        second.listener.onMessage(LARGE);
        second.listener.onHalfClose();

        assertThat(second.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(second.handled).isEmpty();
        assertThat(first.handled).containsExactly("message");
        second.listener.onComplete();
        assertThat(calls.bytes()).isEqualTo(LARGE.getSerializedSize());
        first.listener.onCancel();
        assertThat(calls.bytes()).isZero();
        assertThat(calls.requests()).isZero();
    }

    @Test
    void callPastTheLimit_isRefused_andNotHandled() {
        new Call();
        new Call();

        Call third = new Call();
        third.listener.onMessage(SetRequest.getDefaultInstance());
        third.listener.onHalfClose();
        third.listener.onComplete();

        assertThat(third.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(third.handled).isEmpty();
        assertThat(calls.requests()).isEqualTo(CALLS_MAX);
    }

    @Test
    void callWhoseHandlerFailsAtOnce_doesNotStayInFlight() {
        assertThatThrownBy(() -> interceptor.interceptCall(new Call(), new Metadata(), (call, headers) -> {
                    throw new IllegalStateException("a defect");
                }))
                .hasMessage("a defect");

        assertThat(calls.requests()).isEqualTo(1);
    }

    /** A call that has begun; remembers what its handler was passed, too. */
    private final class Call extends FakeCall<SetRequest, SetResponse> {

        private final List<String> handled = new ArrayList<>();
        private final Listener<SetRequest> listener =
                interceptor.interceptCall(this, new Metadata(), (call, headers) -> new Listener<>() {
                    @Override
                    public void onMessage(SetRequest request) {
                        handled.add("message");
                    }

                    @Override
                    public void onHalfClose() {
                        handled.add("end");
                    }
                });

        Call() {
            super(KeyValueGrpc.getSetMethod());
        }
    }
}
