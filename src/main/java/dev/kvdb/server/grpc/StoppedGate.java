package dev.kvdb.server.grpc;

import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.NotServingException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Refuses calls that arrive after the drain and before the transport is down. By then Quarkus' own interceptors fail,
 * for want of their container, with a status that tells a client nothing; so this runs before them and needs no
 * container.
 */
final class StoppedGate implements ServerInterceptor {

    private final CallsInFlight calls;
    private final StatusMapping statusMapping;

    StoppedGate(CallsInFlight calls, StatusMapping statusMapping) {
        this.calls = calls;
        this.statusMapping = statusMapping;
    }

    @Override
    public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        if (calls.stopped()) {
            statusMapping.close(call, NotServingException.shuttingDown());
            return new ServerCall.Listener<>() {};
        }
        return next.startCall(call, headers);
    }
}
