package dev.kvdb.server.grpc;

import com.google.protobuf.MessageLite;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.CallsInFlight.Kind;
import dev.kvdb.v1.KeyValueGrpc;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import jakarta.inject.Singleton;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Admits, counts and times each call of kvdb's services.
 *
 * <p>A call is in flight until the transport says that its reply has left, or that the client has gone: until then a
 * stop waits for it and its bytes count. A client that goes does not disturb the write that it began. A handler whose
 * reply is large asks {@link #current} for room before it makes the reply.
 */
@Singleton
class CallInterceptor implements ServerInterceptor {

    private static final Context.Key<CallsInFlight.Call> CALL = Context.key("kvdb-call-in-flight");

    private static final Context.Key<BooleanSupplier> READY = Context.key("kvdb-call-ready");

    private final CallsInFlight calls;
    private final OperationTimers timers;
    private final StatusMapping statusMapping;

    CallInterceptor(CallsInFlight calls, OperationTimers timers, StatusMapping statusMapping) {
        this.calls = calls;
        this.timers = timers;
        this.statusMapping = statusMapping;
    }

    @Override
    public <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        MethodDescriptor<ReqT, RespT> method = call.getMethodDescriptor();
        long started = timers.now();
        CallsInFlight.Call inFlight;
        try {
            inFlight = calls.begin(kind(method));
        } catch (RuntimeException refusal) {
            statusMapping.close(new Timed<>(call, started), refusal);
            return new ServerCall.Listener<>() {};
        }
        Admitted<ReqT, RespT> admitted = new Admitted<>(call, started, inFlight);
        try {
            return new AdmittedListener<>(next.startCall(admitted, headers), admitted);
        } catch (RuntimeException e) {
            admitted.left();
            throw e;
        }
    }

    private static Kind kind(MethodDescriptor<?, ?> method) {
        return KeyValueGrpc.SERVICE_NAME.equals(method.getServiceName()) ? Kind.DATA : Kind.UPKEEP;
    }

    /** The call that is answered, for the handler that a unary request has just been passed to. */
    static CallsInFlight.Call current() {
        return Objects.requireNonNull(CALL.get(), "not in a call of kvdb's services");
    }

    /**
     * Whether the transport takes another message of the call's reply without keeping it for long. Any thread may ask;
     * for the handler that a request has just been passed to.
     */
    static BooleanSupplier currentIsReady() {
        return Objects.requireNonNull(READY.get(), "not in a call of kvdb's services");
    }

    /** Records how long a call took, once. Its callbacks come one after another, though not all in one thread. */
    private class Timed<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

        private final String method;
        private final long started;
        private boolean closed;

        Timed(ServerCall<ReqT, RespT> call, long started) {
            super(call);
            this.method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
            this.started = started;
        }

        @Override
        public void close(Status status, Metadata trailers) {
            if (endedNow()) {
                timers.ended(method, started, status);
            }
            super.close(status, trailers);
        }

        /** It has ended, and not by {@link #close}: its client has gone, or the transport has refused its request. */
        void endedByTransport() {
            if (endedNow()) {
                timers.endedByTransport(method, started, getAttributes().get(ArrivingRequests.TRANSPORT_END));
            }
        }

        private synchronized boolean endedNow() {
            boolean now = !closed;
            closed = true;
            return now;
        }
    }

    /** A call that is charged for its messages. */
    private final class Admitted<ReqT, RespT> extends Timed<ReqT, RespT> {

        private final CallsInFlight.Call inFlight;

        Admitted(ServerCall<ReqT, RespT> call, long started, CallsInFlight.Call inFlight) {
            super(call, started);
            this.inFlight = inFlight;
        }

        /** Charges the request; false where it was refused and the call is closed. */
        boolean admits(ReqT request) {
            try {
                inFlight.admitRequest(sizeOf(request));
                return true;
            } catch (RuntimeException refusal) {
                statusMapping.close(this, refusal);
                return false;
            }
        }

        @Override
        public void sendMessage(RespT reply) {
            // A stream sends only what the transport is ready for, and would else be charged for what has left.
            if (getMethodDescriptor().getType().serverSendsOneMessage()) {
                inFlight.sendReply(sizeOf(reply));
            }
            super.sendMessage(reply);
        }

        /** Runs the handler of a unary call, which asks for {@link #current}. */
        void handle(Runnable handler) {
            Context.current().withValues(CALL, inFlight, READY, this::isReady).run(handler);
        }

        void left() {
            endedByTransport();
            inFlight.end();
        }
    }

    private static final class AdmittedListener<ReqT, RespT> extends SimpleForwardingServerCallListener<ReqT> {

        private final CallInterceptor.Admitted<ReqT, RespT> call;
        private boolean refused;

        AdmittedListener(ServerCall.Listener<ReqT> listener, CallInterceptor.Admitted<ReqT, RespT> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(ReqT request) {
            if (call.admits(request)) {
                super.onMessage(request);
            } else {
                refused = true;
            }
        }

        @Override
        public void onHalfClose() {
            if (!refused) {
                call.handle(super::onHalfClose);
            }
        }

        @Override
        public void onComplete() {
            call.left();
            super.onComplete();
        }

        @Override
        public void onCancel() {
            call.left();
            super.onCancel();
        }
    }

    private static long sizeOf(@Nullable Object message) {
        return message instanceof MessageLite sized ? sized.getSerializedSize() : 0;
    }
}
