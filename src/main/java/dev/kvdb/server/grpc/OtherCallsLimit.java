package dev.kvdb.server.grpc;

import com.google.protobuf.MessageLite;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.KeyValueGrpc;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the calls that are not of {@code KeyValue}: a watch of health or a reflection stream lasts as long as its
 * client likes, and so does a call of {@code Admin} whose request never comes. Streams are counted apart, so that many
 * watches do not keep out a check of health.
 *
 * <p>Bounds what such a call holds, too, where {@link CallInterceptor} does not charge it: a request of health or
 * reflection may have a few KiB, and what is sent in answer is paced by {@link PacedCall}.
 *
 * <p>Safe for use by several threads. Like {@link StoppedGate} no {@code ServerInterceptor} by its type, or Quarkus
 * would want a bean.
 */
final class OtherCallsLimit {

    /** More than probes and operators need. */
    static final int CALLS_MAX = 500;

    /** More than the longest name of a service, symbol or file takes. */
    static final int REQUEST_BYTES_MAX = 4 * 1024;

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
        @Nullable String service = call.getMethodDescriptor().getServiceName();
        if (KeyValueGrpc.SERVICE_NAME.equals(service)) {
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
            return new Counted<>(
                    AdminGrpc.SERVICE_NAME.equals(service)
                            ? next.startCall(call, headers)
                            : startUncharged(call, headers, next),
                    calls);
        } catch (RuntimeException e) {
            calls.decrementAndGet();
            throw e;
        }
    }

    private <ReqT, RespT> ServerCall.Listener<ReqT> startUncharged(
            ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
        PacedCall<ReqT, RespT> paced = new PacedCall<>(call, statusMapping);
        return new Small<>(paced.listener(next.startCall(paced, headers)), paced);
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

    /** Refuses large requests. */
    private static final class Small<ReqT> extends SimpleForwardingServerCallListener<ReqT> {

        private final PacedCall<ReqT, ?> call;

        Small(ServerCall.Listener<ReqT> listener, PacedCall<ReqT, ?> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(ReqT request) {
            int bytes = request instanceof MessageLite sized ? sized.getSerializedSize() : 0;
            if (bytes > REQUEST_BYTES_MAX) {
                call.refuse(InvalidStoreArgumentException.option(
                        "the request's size", bytes, "at most " + REQUEST_BYTES_MAX + " bytes"));
            } else {
                super.onMessage(request);
            }
        }
    }
}
