package dev.kvdb.client;

import com.google.protobuf.UnsafeByteOperations;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.Entry;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.VerifyRequest;
import dev.kvdb.v1.VerifyResponse;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One connection to a kvdb server, made when the first call needs it and made anew when it breaks. Calls are never
 * retried: after a {@link ClientException} of kind {@code CONNECTION_LOST} or {@code TIMED_OUT}, a write may or may not
 * have been applied.
 *
 * <p>Safe for use by any number of threads; the calling thread blocks. The client owns its connection and event-loop
 * thread: close it.
 */
public final class KvdbClient implements AutoCloseable {

    private final ServerAddress address;
    private final ClientOptions options;
    private final NioEventLoopGroup eventLoop;
    private final ManagedChannel channel;

    private KvdbClient(ServerAddress address, ClientOptions options) {
        this.address = address;
        this.options = options;
        this.eventLoop = new NioEventLoopGroup(1, new DefaultThreadFactory("kvdb-client", true));
        this.channel = Channels.open(address, options, eventLoop);
    }

    /** A client of the server at the address. Does not connect yet. */
    public static KvdbClient connect(ServerAddress address, ClientOptions options) {
        return new KvdbClient(address, options);
    }

    /** The value of a key, or empty where it has none. */
    public Optional<StoredValue> get(long key) {
        GetResponse response = call(
                KeyValueGrpc.getGetMethod(), GetRequest.newBuilder().setKey(key).build());
        if (!response.hasEntry()) {
            return Optional.empty();
        }
        Entry entry = response.getEntry();
        return Optional.of(new StoredValue(entry.getValue().toByteArray(), entry.getVersion()));
    }

    /**
     * Sets a key's value. Returns after the server has acknowledged the write. The value must not be changed until
     * then.
     */
    public SetOutcome set(long key, byte[] value) {
        SetRequest request = SetRequest.newBuilder()
                .setKey(key)
                .setValue(UnsafeByteOperations.unsafeWrap(value))
                .build();
        SetResponse response = call(KeyValueGrpc.getSetMethod(), request);
        return new SetOutcome(response.getVersion(), response.getReplaced());
    }

    /**
     * Removes a key's value. Returns after the server has acknowledged the write. Removing a missing key is not an
     * error.
     */
    public RemoveOutcome remove(long key) {
        RemoveResponse response = call(
                KeyValueGrpc.getRemoveMethod(),
                RemoveRequest.newBuilder().setKey(key).build());
        return new RemoveOutcome(response.getVersion(), response.getRemoved());
    }

    /** The server's state and figures. */
    public StatusResponse status() {
        return call(AdminGrpc.getStatusMethod(), StatusRequest.getDefaultInstance());
    }

    /** Collects garbage, or only says what would be done. Returns when it is done. */
    public CollectGarbageResponse collectGarbage(boolean dryRun) {
        return call(
                AdminGrpc.getCollectGarbageMethod(),
                CollectGarbageRequest.newBuilder().setDryRun(dryRun).build());
    }

    /**
     * Has the server verify its open store, and hands on what it streams, in this thread: progress, findings, and the
     * summary as the last message. Returns after that. What {@code received} throws ends the verification.
     *
     * @param bytesPerSecondMax how fast the server reads, 0 for no limit; empty for its own default
     */
    public void verify(OptionalLong bytesPerSecondMax, Consumer<VerifyResponse> received) {
        VerifyRequest.Builder request = VerifyRequest.newBuilder();
        bytesPerSecondMax.ifPresent(request::setBytesPerSecondMax);
        Context.CancellableContext context = Context.current().withCancellation();
        Context previous = context.attach();
        SentCall call = new SentCall();
        try {
            ClientCalls.blockingServerStreamingCall(
                            channel, AdminGrpc.getVerifyMethod(), callOptions(call), request.build())
                    .forEachRemaining(received);
        } catch (StatusRuntimeException e) {
            throw translated(e, call);
        } finally {
            context.detach(previous);
            context.cancel(null);
        }
    }

    private CallOptions callOptions(SentCall call) {
        return CallOptions.DEFAULT
                .withDeadlineAfter(options.timeoutMillis(), TimeUnit.MILLISECONDS)
                .withStreamTracerFactory(call);
    }

    private ClientException translated(StatusRuntimeException e, SentCall call) {
        return FailureTranslation.translate(e, address, options.timeoutMillis(), call.isSent());
    }

    private <Q, P> P call(MethodDescriptor<Q, P> method, Q request) {
        SentCall call = new SentCall();
        try {
            return ClientCalls.blockingUnaryCall(channel, method, callOptions(call), request);
        } catch (StatusRuntimeException e) {
            throw translated(e, call);
        }
    }

    /** Breaks the connection. Calls that are under way fail. Closing twice is allowed. */
    @Override
    public void close() {
        channel.shutdownNow();
        // Nobody waits for the daemon thread.
        Future<?> unused = eventLoop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    }
}
