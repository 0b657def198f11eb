package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.server.config.ServerSettings;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the memory of requests that have arrived only in part, which flow control does not: gRPC takes all of a
 * message that the limit on messages lets in, whether its end follows or not, and of a second one where there should be
 * none. Past the limit the request that has waited longest for its next bytes is refused, so that clients which send on
 * are served beside those which do not.
 *
 * <p>gRPC's transport tells it of each piece that arrives. Safe for use by several threads.
 */
@Singleton
class ArrivingRequests extends ServerStreamTracer.Factory {

    /** What a piece of a request takes beside its bytes, at least. */
    private static final int PIECE_BYTES = 256;

    private static final Context.Key<Arrival> ARRIVAL = Context.key("kvdb-arriving-request");

    /**
     * Of a call's attributes: how the transport ended it, for who heard of an end that he did not bring about. Not
     * there as long as it has not, and in dev mode.
     */
    static final Attributes.Key<Status> TRANSPORT_END = Attributes.Key.create("kvdb-transport-end");

    private final long bytesMax;
    private final StatusMapping statusMapping;

    /** Those of which a part is there; the one that has waited longest comes first. */
    private final Set<Arrival> waiting = new LinkedHashSet<>();

    private long bytes;

    ArrivingRequests(ServerSettings settings, StatusMapping statusMapping) {
        this.bytesMax = settings.arrivingBytesMax();
        this.statusMapping = statusMapping;
    }

    /** Memory of requests of which a part is there. */
    synchronized long bytes() {
        return bytes;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new Arrival();
    }

    /** What {@code io.grpc.ServerInterceptor} asks for: before this, nothing of a request is taken. */
    <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        @Nullable Arrival arrival = ARRIVAL.get();
        Refusable<ReqT, RespT> refusable = new Refusable<>(call, arrival);
        if (arrival != null) {
            io.vertx.core.@Nullable Context eventLoop = Vertx.currentContext();
            arrival.refusal = () -> {
                if (eventLoop == null) {
                    refusable.refuse();
                } else {
                    eventLoop.runOnContext(ignored -> refusable.refuse());
                }
            };
        }
        return new UnlessRefused<>(next.startCall(refusable, headers), refusable);
    }

    private void arrived(Arrival arrival, long size) {
        List<Arrival> refused = new ArrayList<>(0);
        synchronized (this) {
            if (arrival.ended) {
                return;
            }
            waiting.remove(arrival);
            waiting.add(arrival);
            arrival.bytes += size + PIECE_BYTES;
            bytes += size + PIECE_BYTES;
            while (bytes > bytesMax) {
                Arrival stalest = waiting.iterator().next();
                stalest.ended = true;
                forget(stalest);
                refused.add(stalest);
            }
        }
        refused.forEach(stalest -> stalest.refusal.run());
    }

    private synchronized void forget(Arrival arrival) {
        if (waiting.remove(arrival)) {
            bytes -= arrival.bytes;
            arrival.bytes = 0;
        }
    }

    private synchronized void end(Arrival arrival) {
        arrival.ended = true;
        forget(arrival);
    }

    /** A call's request, as its pieces arrive. Its counts belong to {@link ArrivingRequests}' monitor. */
    private final class Arrival extends ServerStreamTracer {

        private volatile Runnable refusal = () -> {};
        private volatile @Nullable Status end;
        private long bytes;
        private boolean ended;

        @Override
        public Context filterContext(Context context) {
            return context.withValue(ARRIVAL, this);
        }

        @Override
        public void inboundWireSize(long size) {
            arrived(this, size);
        }

        /** All of it is there: from here on it counts as a request in flight. */
        @Override
        public void inboundMessageRead(int number, long wireSize, long uncompressedSize) {
            forget(this);
        }

        /** Before the call's listener is told. */
        @Override
        public void streamClosed(Status status) {
            if (end == null) {
                end = status;
            }
            end(this);
        }
    }

    /**
     * A call that can be refused once, unless it is closed, or its client has sent all that it will: the request may
     * have been carried out then, and a refusal says that it was not. Belongs to the call's event loop.
     */
    private final class Refusable<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

        private final @Nullable Arrival arrival;
        private boolean closed;
        private boolean refused;
        private boolean taken;

        Refusable(ServerCall<ReqT, RespT> call, @Nullable Arrival arrival) {
            super(call);
            this.arrival = arrival;
        }

        void refuse() {
            if (!closed && !taken) {
                refused = true;
                statusMapping.close(
                        this,
                        new OverloadedException("the server's memory for requests that arrive", bytesMax + " bytes"));
            }
        }

        @Override
        public void close(Status status, Metadata trailers) {
            closed = true;
            if (refused && arrival != null) {
                arrival.end = status;
            }
            super.close(status, trailers);
        }

        @Override
        public Attributes getAttributes() {
            @Nullable Status end = arrival == null ? null : arrival.end;
            return end == null
                    ? super.getAttributes()
                    : super.getAttributes().toBuilder().set(TRANSPORT_END, end).build();
        }
    }

    /** Passes nothing on of a call that was refused. */
    private static final class UnlessRefused<ReqT, RespT> extends SimpleForwardingServerCallListener<ReqT> {

        private final ArrivingRequests.Refusable<ReqT, RespT> call;

        UnlessRefused(ServerCall.Listener<ReqT> listener, ArrivingRequests.Refusable<ReqT, RespT> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(ReqT request) {
            if (!call.refused) {
                super.onMessage(request);
            }
        }

        @Override
        public void onHalfClose() {
            if (!call.refused) {
                call.taken = true;
                super.onHalfClose();
            }
        }
    }
}
