package dev.kvdb.server.grpc;

import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.NotServingException;
import io.grpc.Context;
import io.grpc.InternalServer;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sees each call first: refuses those that arrive after the drain and before the transport is down, and learns from the
 * others which server they came through, which Quarkus tells nobody.
 *
 * <p>After the drain Quarkus' own interceptors fail, for want of their container, with a status that tells a client
 * nothing; so this runs before them and needs no container. It is not a {@code ServerInterceptor} by its type, because
 * Quarkus takes each such class for one that was meant to be a bean.
 */
final class StoppedGate {

    private final CallsInFlight calls;
    private final StatusMapping statusMapping;
    private volatile @Nullable Server server;

    StoppedGate(CallsInFlight calls, StatusMapping statusMapping) {
        this.calls = calls;
        this.statusMapping = statusMapping;
    }

    /** What {@code io.grpc.ServerInterceptor} asks for. */
    <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        if (server == null) {
            server = InternalServer.SERVER_CONTEXT_KEY.get(Context.current());
        }
        if (calls.stopped()) {
            statusMapping.close(call, NotServingException.shuttingDown());
            return new ServerCall.Listener<>() {};
        }
        return next.startCall(call, headers);
    }

    /** The gRPC server itself, below that of Vert.x; empty before the first call. */
    Optional<Server> server() {
        return Optional.ofNullable(server);
    }
}
