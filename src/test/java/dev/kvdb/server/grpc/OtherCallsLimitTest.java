package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.KeyValueGrpc;
import grpc.health.v1.HealthGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With room for two calls of either kind. Over the wire, with the real limit: {@code HealthAndMetricsServerTest}. */
class OtherCallsLimitTest {

    private static final MethodDescriptor<?, ?> STREAM = HealthGrpc.getWatchMethod();
    private static final MethodDescriptor<?, ?> UNARY = AdminGrpc.getStatusMethod();
    private static final int CALLS_MAX = 2;

    private final OtherCallsLimit limit = new OtherCallsLimit(
            CALLS_MAX,
            new StatusMapping(new ServerSettings(new SmallRyeConfigBuilder()
                    .addDiscoveredConverters()
                    .withMapping(ServerConfiguration.class)
                    .build()
                    .getConfigMapping(ServerConfiguration.class))));

    static Stream<Named<MethodDescriptor<?, ?>>> kinds() {
        return Stream.of(Named.of("stream", STREAM), Named.of("unary", UNARY));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void callsPastTheLimit_areRefused_andNotHandled(MethodDescriptor<?, ?> kind) {
        open(kind);
        open(kind);

        Call<?, ?> third = refused(kind);

        assertThat(third.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(third.closedWith.get(0).getDescription())
                .contains("the server's set of health, reflection and admin calls", "2 requests");
        assertThat(third.heard).isEmpty();
    }

    /** What is refused must not take a place, nor give one back that it never had. */
    @ParameterizedTest
    @MethodSource("kinds")
    void refusedCallThatEnds_leavesTheLimitAsItWas(MethodDescriptor<?, ?> kind) {
        Call<?, ?> first = open(kind);
        open(kind);
        for (int i = 0; i < 3; i++) {
            refused(kind).listener.onComplete();
        }

        refused(kind);
        first.listener.onComplete();

        open(kind);
        refused(kind);
    }

    @Test
    void streamsAndUnaryCalls_haveALimitEach() {
        open(STREAM);
        open(STREAM);

        open(UNARY);
        open(UNARY);

        refused(STREAM);
        refused(UNARY);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void callThatCompletesOrIsCancelled_givesItsPlaceBackOnce(MethodDescriptor<?, ?> kind) {
        for (int i = 0; i < 3; i++) {
            Call<?, ?> completed = open(kind);
            Call<?, ?> cancelled = open(kind);
            refused(kind);

            completed.listener.onComplete();
            completed.listener.onCancel();
            Call<?, ?> next = open(kind);
            refused(kind);
            cancelled.listener.onCancel();
            cancelled.listener.onCancel();
            open(kind).listener.onCancel();
            next.listener.onComplete();

            assertThat(completed.heard).containsExactly("complete", "cancel");
            assertThat(cancelled.heard).containsExactly("cancel", "cancel");
        }
    }

    @Test
    void callWhoseHandlerFails_givesItsPlaceBack() {
        for (int i = 0; i < 3 * CALLS_MAX; i++) {
            assertThatThrownBy(() -> limit.interceptCall(new Call<>(UNARY), new Metadata(), (call, headers) -> {
                        throw new IllegalStateException("a defect");
                    }))
                    .hasMessage("a defect");
        }

        open(UNARY);
    }

    @Test
    void callsOfKeyValue_areNotCounted() {
        for (int i = 0; i < 3 * CALLS_MAX; i++) {
            open(KeyValueGrpc.getGetMethod());
        }

        open(UNARY);
    }

    private Call<?, ?> open(MethodDescriptor<?, ?> method) {
        Call<?, ?> call = new Call<>(method);
        call.begin();
        assertThat(call.closedWith).as("refusal").isEmpty();
        return call;
    }

    private Call<?, ?> refused(MethodDescriptor<?, ?> method) {
        Call<?, ?> call = new Call<>(method);
        call.begin();
        assertThat(call.closedWith).as("refusal").isNotEmpty();
        return call;
    }

    /** Remembers what its handler heard, too. */
    private final class Call<Q, R> extends FakeCall<Q, R> {

        private final List<String> heard = new ArrayList<>();
        private Listener<Q> listener = new Listener<>() {};

        Call(MethodDescriptor<Q, R> method) {
            super(method);
        }

        void begin() {
            listener = limit.interceptCall(this, new Metadata(), (call, headers) -> new Listener<>() {
                @Override
                public void onComplete() {
                    heard.add("complete");
                }

                @Override
                public void onCancel() {
                    heard.add("cancel");
                }
            });
        }
    }
}
