package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call that does not pile up replies that its client does not read: the next request is asked for when the transport
 * takes another reply, and a reply that comes by itself when it takes none, which is that of a watch, ends the call.
 *
 * <p>So it holds a reply or two of what was asked for, and a few dozen of a watch, which are small.
 *
 * <p>Safe for use by several threads, in the order that {@link ServerCall} asks for.
 */
final class PacedCall<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

    /** A reply takes a buffer of 4 KiB, however small it is: the next request waits until the last one has left. */
    private static final int ASKED_BYTES_MAX = 1;

    /** Some 37 changes of a watched state. */
    private static final int UNASKED_BYTES_MAX = 256;

    private final StatusMapping statusMapping;
    private int askedFor;
    private boolean closed;
    private boolean refused;

    PacedCall(ServerCall<ReqT, RespT> call, StatusMapping statusMapping) {
        super(call);
        boolean isAsked = call.getMethodDescriptor().getType() == MethodDescriptor.MethodType.BIDI_STREAMING;
        call.setOnReadyThreshold(isAsked ? ASKED_BYTES_MAX : UNASKED_BYTES_MAX);
        this.statusMapping = statusMapping;
    }

    /** What the transport is to tell of this call, instead of that listener. */
    ServerCall.Listener<ReqT> listener(ServerCall.Listener<ReqT> listener) {
        return new PacedListener<>(listener, this);
    }

    @Override
    public void request(int messages) {
        synchronized (this) {
            askedFor += messages;
        }
        askOn();
    }

    /** The transport calls {@code onReady} after it has said that it is not. */
    private void askOn() {
        if (isReady()) {
            int messages;
            synchronized (this) {
                messages = askedFor;
                askedFor = 0;
            }
            if (messages > 0) {
                super.request(messages);
            }
        }
    }

    @Override
    public void sendHeaders(Metadata headers) {
        if (!isRefused()) {
            super.sendHeaders(headers);
        }
    }

    @Override
    public void sendMessage(RespT reply) {
        if (isRefused()) {
            return;
        }
        if (isReady()) {
            super.sendMessage(reply);
        } else {
            refuse(new OverloadedException("the server's memory for replies that are not read", "1 reply"));
        }
    }

    @Override
    public void close(Status status, Metadata trailers) {
        synchronized (this) {
            if (closed && refused) {
                return;
            }
            closed = true;
        }
        super.close(status, trailers);
    }

    /** Ends the call, unless it has ended; what is sent from then on is dropped. */
    void refuse(RuntimeException why) {
        synchronized (this) {
            if (closed) {
                return;
            }
            refused = true;
        }
        statusMapping.close(this, why);
    }

    synchronized boolean isRefused() {
        return refused;
    }

    /** To the handler a call that was refused is one that was cancelled. */
    private static final class PacedListener<ReqT> extends SimpleForwardingServerCallListener<ReqT> {

        private final PacedCall<ReqT, ?> call;

        PacedListener(ServerCall.Listener<ReqT> listener, PacedCall<ReqT, ?> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(ReqT request) {
            if (!call.isRefused()) {
                super.onMessage(request);
            }
        }

        @Override
        public void onHalfClose() {
            if (!call.isRefused()) {
                super.onHalfClose();
            }
        }

        @Override
        public void onReady() {
            call.askOn();
            super.onReady();
        }

        @Override
        public void onComplete() {
            if (call.isRefused()) {
                super.onCancel();
            } else {
                super.onComplete();
            }
        }
    }
}
