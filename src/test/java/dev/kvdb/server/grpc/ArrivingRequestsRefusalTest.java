package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A refusal and the end of the request that it is for, when they cross. */
class ArrivingRequestsRefusalTest {

    private final ServerSettings settings = new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .build()
            .getConfigMapping(ServerConfiguration.class));
    private final ArrivingRequests arriving = new ArrivingRequests(settings, new StatusMapping(settings));
    private final ServerStreamTracer tracer = arriving.newServerStreamTracer("set", new Metadata());
    private final FakeCall<SetRequest, SetResponse> call = new FakeCall<>(KeyValueGrpc.getSetMethod());
    private final List<SetRequest> handled = new ArrayList<>();
    private final ServerCall.Listener<SetRequest> listener = interceptedIn(tracer);

    @Test
    void requestThatCameWholeBeforeItsRefusal_isNotRefused() {
        tracer.inboundWireSize(1);
        listener.onMessage(SetRequest.getDefaultInstance());
        listener.onHalfClose();
        refuseTheFirst();

        assertThat(handled).hasSize(1);
        assertThat(call.closedWith).isEmpty();
    }

    @Test
    void requestThatComesWholeAfterItsRefusal_isNotHandled() {
        tracer.inboundWireSize(1);
        refuseTheFirst();
        listener.onMessage(SetRequest.getDefaultInstance());
        listener.onHalfClose();

        assertThat(call.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(handled).isEmpty();
    }

    @Test
    void requestThatIsAloneAndComesInTinyPieces_isRefusedPastTheLimit() {
        long pieces = 0;
        while (call.closedWith.isEmpty() && pieces < settings.arrivingBytesMax()) {
            tracer.inboundWireSize(1);
            pieces++;
        }
        assertThat(call.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(arriving.bytes()).isZero();
    }

    @Test
    void partOfASecondMessage_isRefusedForTheSakeOfAnother() {
        listener.onMessage(SetRequest.getDefaultInstance());
        tracer.inboundMessageRead(0, 1, 1);
        tracer.inboundWireSize(1 << 20);
        refuseTheFirst();
        listener.onHalfClose();

        assertThat(call.closedWith).extracting(Status::getCode).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
    }

    /** Another request needs all the room. */
    private void refuseTheFirst() {
        arriving.newServerStreamTracer("set", new Metadata()).inboundWireSize(settings.arrivingBytesMax());
    }

    private ServerCall.Listener<SetRequest> interceptedIn(ServerStreamTracer of) {
        Context before = of.filterContext(Context.ROOT).attach();
        try {
            return arriving.interceptCall(call, new Metadata(), (started, headers) -> new ServerCall.Listener<>() {
                @Override
                public void onMessage(SetRequest request) {
                    handled.add(request);
                }
            });
        } finally {
            Context.current().detach(before);
        }
    }
}
