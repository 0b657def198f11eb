package dev.kvdb.server.grpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;

/** A call without a transport: remembers what the server did with it. */
class FakeCall<Q, R> extends ServerCall<Q, R> {

    /** What the transport says of itself. */
    boolean ready = true;

    /** From how many waiting bytes on it is to say that it is not ready; 0 where nobody said. */
    int readyBytesMax;

    /** How many requests were asked for. */
    int asked;

    final List<Metadata> headers = new ArrayList<>();
    final List<R> replies = new ArrayList<>();
    final List<Status> closedWith = new ArrayList<>();

    private final MethodDescriptor<Q, R> method;

    FakeCall(MethodDescriptor<Q, R> method) {
        this.method = method;
    }

    @Override
    public void request(int messages) {
        asked += messages;
    }

    @Override
    public boolean isReady() {
        return ready;
    }

    @Override
    public void setOnReadyThreshold(int bytes) {
        readyBytesMax = bytes;
    }

    @Override
    public void sendHeaders(Metadata sent) {
        headers.add(sent);
    }

    @Override
    public void sendMessage(R reply) {
        replies.add(reply);
    }

    @Override
    public void close(Status status, Metadata trailers) {
        closedWith.add(status);
    }

    @Override
    public boolean isCancelled() {
        return false;
    }

    @Override
    public MethodDescriptor<Q, R> getMethodDescriptor() {
        return method;
    }
}
