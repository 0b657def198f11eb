package dev.kvdb.server;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.MutinyKeyValueGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.ConfigProvider;

/** A channel to the server, wherever it listens, and its stubs. */
public final class ServerUnderTest implements AutoCloseable {

    private static final int MESSAGE_BYTES_MAX = 64 << 20;

    /** Fixed: left to itself it grows to where a reply of some MiB leaves though its client does not take it. */
    private static final int WINDOW_BYTES = 1 << 20;

    private final ManagedChannel channel;

    private ServerUnderTest(int port) {
        channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                .flowControlWindow(WINDOW_BYTES)
                .build();
    }

    /** The server of this {@code @QuarkusTest}, once its store is open. */
    public static ServerUnderTest inProcess() {
        ServerUnderTest server = new ServerUnderTest(inProcessPort());
        Awaitility.await()
                .ignoreException(StatusRuntimeException.class)
                .until(() -> server.keyValue()
                        .get(dev.kvdb.v1.GetRequest.getDefaultInstance())
                        .isInitialized());
        return server;
    }

    /** Where the server of this {@code @QuarkusTest} listens. */
    static int inProcessPort() {
        return ConfigProvider.getConfig().getValue("quarkus.grpc.server.test-port", Integer.class);
    }

    /** A server in another process. */
    public static ServerUnderTest atPort(int port) {
        return new ServerUnderTest(port);
    }

    public ManagedChannel channel() {
        return channel;
    }

    public KeyValueGrpc.KeyValueBlockingStub keyValue() {
        return KeyValueGrpc.newBlockingStub(channel);
    }

    public KeyValueGrpc.KeyValueFutureStub keyValueAsync() {
        return KeyValueGrpc.newFutureStub(channel);
    }

    public MutinyKeyValueGrpc.MutinyKeyValueStub keyValueMutiny() {
        return MutinyKeyValueGrpc.newMutinyStub(channel);
    }

    public AdminGrpc.AdminBlockingStub admin() {
        return AdminGrpc.newBlockingStub(channel);
    }

    /** The details that every error of kvdb carries. */
    public static ErrorInfo errorInfo(StatusRuntimeException failure) {
        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        if (status == null || status.getDetailsCount() == 0) {
            throw new AssertionError("no details in " + failure, failure);
        }
        try {
            return status.getDetails(0).unpack(ErrorInfo.class);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
