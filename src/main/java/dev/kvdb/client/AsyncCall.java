package dev.kvdb.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** One unary call of an {@link AsyncKvdbClient}. For use in its event loop, which gRPC's callbacks are brought to. */
final class AsyncCall<Q, P> extends ClientCall.Listener<P> implements PendingCall {

    /** Where a call is made, and how its failure is told. */
    record Origin(EventLoop eventLoop, ServerAddress address, long timeoutMillis) {}

    private final Origin origin;
    private final ClientCall<Q, P> call;
    private final ReplyHandler<P> handler;
    private @Nullable P reply;
    private boolean timedOut;

    private AsyncCall(Origin origin, ClientCall<Q, P> call, ReplyHandler<P> handler) {
        this.origin = origin;
        this.call = call;
        this.handler = handler;
    }

    static <Q, P> AsyncCall<Q, P> start(
            Origin origin, Channel channel, MethodDescriptor<Q, P> method, Q request, ReplyHandler<P> handler) {
        AsyncCall<Q, P> started = new AsyncCall<>(origin, channel.newCall(method, CallOptions.DEFAULT), handler);
        started.call.start(started, new Metadata());
        // A second one would be an error, which gRPC finds only where it is asked for.
        started.call.request(2);
        started.call.sendMessage(request);
        started.call.halfClose();
        return started;
    }

    @Override
    public void timeOut() {
        timedOut = true;
        call.cancel("no reply in time", null);
    }

    @Override
    public void onMessage(P message) {
        reply = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        if (origin.eventLoop.inEventLoop()) {
            end(status, trailers);
        } else {
            // A name that is not found, for example, is told by the thread that looked it up.
            origin.eventLoop.execute(() -> end(status, trailers));
        }
    }

    private void end(Status status, Metadata trailers) {
        P received = reply;
        if (status.isOk() && received != null) {
            handler.replied(received);
            return;
        }
        Status told = status;
        if (status.isOk()) {
            told = Status.INTERNAL.withDescription("the server replied without a message");
        } else if (timedOut && status.getCode() == Status.Code.CANCELLED) {
            told = Status.DEADLINE_EXCEEDED;
        }
        StatusRuntimeException failure = told.asRuntimeException(trailers);
        handler.failed(FailureTranslation.translate(failure, origin.address, origin.timeoutMillis, isSent()));
    }

    /** Whether the call went out on a connection, so that the server may have seen it. */
    private boolean isSent() {
        return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) != null;
    }
}
