package dev.kvdb.server.grpc;

import com.google.protobuf.MessageLite;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.CallsInFlight.Kind;
import dev.kvdb.v1.KeyValueGrpc;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/**
 * Admits, counts and times each call of kvdb's services.
 *
 * <p>A call is in flight until the transport says that its reply has left, or that the client has gone: until then a
 * stop waits for it and its bytes count. A client that goes does not disturb the operation that it began.
 */
@Singleton
class CallInterceptor implements ServerInterceptor {

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
        Admitted<ReqT, RespT> admitted = new Admitted<>(call);
        try {
            calls.begin(admitted.kind);
        } catch (RuntimeException refusal) {
            statusMapping.close(admitted, refusal);
            return new ServerCall.Listener<>() {};
        }
        try {
            return new AdmittedListener<>(next.startCall(admitted, headers), admitted);
        } catch (RuntimeException e) {
            admitted.left();
            throw e;
        }
    }

    /** One call. Its callbacks come one after another, though not all in one thread. */
    private final class Admitted<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

        private final String method;
        private final Kind kind;
        private final long started = timers.now();
        private long bytes;
        private boolean closed;
        private boolean left;

        Admitted(ServerCall<ReqT, RespT> call) {
            super(call);
            MethodDescriptor<ReqT, RespT> descriptor = call.getMethodDescriptor();
            method = String.valueOf(descriptor.getBareMethodName());
            kind = KeyValueGrpc.SERVICE_NAME.equals(descriptor.getServiceName()) ? Kind.DATA : Kind.UPKEEP;
        }

        /** Charges the request; false where it was refused and the call is closed. */
        boolean admits(ReqT request) {
            long size = sizeOf(request);
            try {
                calls.admitBytes(size);
            } catch (RuntimeException refusal) {
                statusMapping.close(this, refusal);
                return false;
            }
            synchronized (this) {
                bytes += size;
            }
            return true;
        }

        @Override
        public void sendMessage(RespT reply) {
            hold(sizeOf(reply));
            super.sendMessage(reply);
        }

        /** The reply of a cancelled call comes after it has left, and is dropped: no one would give its bytes back. */
        private synchronized void hold(long size) {
            if (!left) {
                bytes += size;
                calls.holdBytes(size);
            }
        }

        @Override
        public void close(Status status, Metadata trailers) {
            if (endedNow()) {
                timers.ended(method, started, status);
            }
            super.close(status, trailers);
        }

        private synchronized boolean endedNow() {
            boolean now = !closed;
            closed = true;
            return now;
        }

        void left() {
            if (endedNow()) {
                timers.cancelled(method, started);
            }
            synchronized (this) {
                left = true;
                calls.end(kind, bytes);
            }
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
                super.onHalfClose();
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
