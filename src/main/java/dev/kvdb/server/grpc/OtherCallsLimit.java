package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.v1.KeyValueGrpc;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the calls that are not of {@code KeyValue}: a watch of health or a reflection stream lasts as long as its
 * client likes, and so does a call of {@code Admin} whose request never comes. Streams are counted apart, so that many
 * watches do not keep out a check of health.
 *
 * <p>Safe for use by several threads. Like {@link StoppedGate} no {@code ServerInterceptor} by its type, or Quarkus
 * would want a bean.
 */
final class OtherCallsLimit {

    /** More than probes and operators need. */
    static final int CALLS_MAX = 500;

    private final int callsMax;
    private final StatusMapping statusMapping;
    private final AtomicInteger unaryCalls = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();

    /** @param callsMax calls that may be open, of either kind */
    OtherCallsLimit(int callsMax, StatusMapping statusMapping) {
        this.callsMax = callsMax;
        this.statusMapping = statusMapping;
    }

    /** What {@code io.grpc.ServerInterceptor} asks for. */
    <ReqT, RespT> ServerCall.Listener<ReqT> interceptCall(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        if (KeyValueGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
            return next.startCall(call, headers);
        }
        boolean isUnary = call.getMethodDescriptor().getType() == MethodDescriptor.MethodType.UNARY;
        AtomicInteger calls = isUnary ? unaryCalls : streams;
        if (calls.incrementAndGet() > callsMax) {
            calls.decrementAndGet();
            statusMapping.close(
                    call,
                    new OverloadedException(
                            "the server's set of health, reflection and admin calls", callsMax + " requests"));
            return new ServerCall.Listener<>() {};
        }
        try {
            return new Counted<>(next.startCall(call, headers), calls);
        } catch (RuntimeException e) {
            calls.decrementAndGet();
            throw e;
        }
    }

    private static final class Counted<ReqT> extends SimpleForwardingServerCallListener<ReqT> {

        private final AtomicInteger calls;
        private final AtomicBoolean ended = new AtomicBoolean();

        Counted(ServerCall.Listener<ReqT> listener, AtomicInteger calls) {
            super(listener);
            this.calls = calls;
        }

        @Override
        public void onComplete() {
            end();
            super.onComplete();
        }

        @Override
        public void onCancel() {
            end();
            super.onCancel();
        }

        private void end() {
            if (ended.compareAndSet(false, true)) {
                calls.decrementAndGet();
            }
        }
    }
}
