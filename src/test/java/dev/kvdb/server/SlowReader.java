package dev.kvdb.server;

import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A get whose client does not take the reply until it is told to: flow control keeps the value in the server. */
final class SlowReader extends ClientCall.Listener<GetResponse> {

    private final ClientCall<GetRequest, GetResponse> call;
    private final CompletableFuture<Status> closed = new CompletableFuture<>();
    private volatile @Nullable GetResponse reply;
    private volatile @Nullable Metadata trailers;

    SlowReader(ServerUnderTest server, long key) {
        call = server.channel().newCall(KeyValueGrpc.getGetMethod(), CallOptions.DEFAULT);
        call.start(this, new Metadata());
        call.sendMessage(GetRequest.newBuilder().setKey(key).build());
        call.halfClose();
    }

    /** Takes the reply. */
    void read() {
        call.request(2);
    }

    void cancel() {
        call.cancel("the test goes away", null);
    }

    boolean isClosed() {
        return closed.isDone();
    }

    /** How the call ended. */
    Status status() {
        return closed.orTimeout(1, TimeUnit.MINUTES).join();
    }

    @Nullable
    GetResponse reply() {
        return reply;
    }

    @Nullable
    Metadata trailers() {
        return trailers;
    }

    @Override
    public void onMessage(GetResponse message) {
        reply = message;
    }

    @Override
    public void onClose(Status status, Metadata received) {
        trailers = received;
        closed.complete(status);
    }
}
