package dev.kvdb.client;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Some connections to a kvdb server that one event-loop thread serves, for many calls in flight at little cost: no
 * thread waits for a reply, none is handed from one thread to another. A call never times out by itself; see
 * {@link PendingCall#timeOut()}. Calls are never retried.
 *
 * <p>Calls are made in the event loop's thread only, by {@link #execute} or from a {@link ReplyHandler}, and their
 * outcomes are told there. {@code execute}, {@code schedule} and {@code close} may be called from any thread. The
 * client owns its connections and its thread: close it.
 */
public final class AsyncKvdbClient implements AsyncCalls, AutoCloseable {

    private final NioEventLoopGroup group;
    private final EventLoop eventLoop;
    private final AsyncCall.Origin origin;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private int nextChannel;

    private AsyncKvdbClient(ServerAddress address, ClientOptions options, int connections) {
        group = new NioEventLoopGroup(1, new DefaultThreadFactory("kvdb-client", true));
        eventLoop = group.next();
        origin = new AsyncCall.Origin(eventLoop, address, options.timeoutMillis());
        for (int i = 0; i < connections; i++) {
            channels.add(Channels.open(address, options, group));
        }
    }

    /**
     * A client of the server at the address. Does not connect yet.
     *
     * @param connections how many connections to make; calls take them in turn; at least 1
     */
    public static AsyncKvdbClient connect(ServerAddress address, ClientOptions options, int connections) {
        if (connections < 1) {
            throw new IllegalArgumentException("connections is " + connections + ", must be at least 1");
        }
        return new AsyncKvdbClient(address, options, connections);
    }

    @Override
    public PendingCall get(long key, ReplyHandler<GetResponse> handler) {
        return call(
                KeyValueGrpc.getGetMethod(), GetRequest.newBuilder().setKey(key).build(), handler);
    }

    @Override
    public PendingCall set(long key, ByteString value, ReplyHandler<SetResponse> handler) {
        SetRequest request = SetRequest.newBuilder().setKey(key).setValue(value).build();
        return call(KeyValueGrpc.getSetMethod(), request, handler);
    }

    @Override
    public PendingCall remove(long key, ReplyHandler<RemoveResponse> handler) {
        return call(
                KeyValueGrpc.getRemoveMethod(),
                RemoveRequest.newBuilder().setKey(key).build(),
                handler);
    }

    private <Q, P> PendingCall call(MethodDescriptor<Q, P> method, Q request, ReplyHandler<P> handler) {
        ManagedChannel channel = channels.get(nextChannel);
        nextChannel = nextChannel + 1 == channels.size() ? 0 : nextChannel + 1;
        return AsyncCall.start(origin, channel, method, request, handler);
    }

    @Override
    public void reconnect() {
        channels.forEach(ManagedChannel::resetConnectBackoff);
    }

    @Override
    public void execute(Runnable task) {
        eventLoop.execute(task);
    }

    @Override
    public void schedule(Runnable task, long delayNanos) {
        Future<?> unused = eventLoop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    /** Breaks the connections. Calls that are under way fail. Closing twice is allowed. */
    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        // Nobody waits for the daemon thread.
        Future<?> unused = group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    }
}
