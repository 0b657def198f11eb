package dev.kvdb.server.grpc;

import dev.kvdb.server.CallTransport;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.config.ServerSettings;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcConfiguration;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.StartupEvent;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.BindException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Fits Quarkus' separate gRPC server to kvdb: lets in messages as large as the value limit asks for, bounds those that
 * have arrived in part and the calls of a connection, ends the process where the server did not come up, which Quarkus
 * only logs, and takes the server down before Vert.x does.
 *
 * <p>For Vert.x takes the thread away that runs calls, and only then tells the connections: what arrives in between
 * ends without a word. A server that was told before has no connections by then. Where there was no call yet, there is
 * no one to tell.
 */
@Singleton
class Transport implements ServerBuilderCustomizer<VertxServerBuilder>, CallTransport {

    /** Before the store is opened. */
    private static final int CHECK_PRIORITY = 1_000;

    /**
     * What is read from a connection at a time, at most: one HTTP/2 frame. A piece of a request that waits for the rest
     * keeps all that was read with it, which may be pieces of requests that went on long ago.
     */
    private static final int RECEIVED_BYTES_MAX = 16 * 1024;

    /** Refusals that wait for the client of one connection. */
    private static final int REFUSED_CALLS_MAX = 1_000;

    private static final int RECEIVED_BYTES_INITIAL = 2 * 1024;
    private static final int RECEIVED_BYTES_MIN = 512;

    private final ServerSettings settings;
    private final TransportSignal signal;
    private final GrpcServerConfiguration configuration;
    private final ArrivingRequests arriving;
    private final StoppedGate gate;
    private final OtherCallsLimit otherCalls;

    Transport(
            ServerSettings settings,
            TransportSignal signal,
            GrpcConfiguration configuration,
            ArrivingRequests arriving,
            CallsInFlight calls,
            StatusMapping statusMapping) {
        this.settings = settings;
        this.signal = signal;
        this.configuration = configuration.server();
        this.arriving = arriving;
        this.gate = new StoppedGate(calls, statusMapping);
        this.otherCalls = new OtherCallsLimit(OtherCallsLimit.CALLS_MAX, statusMapping);
    }

    @Override
    public void customize(GrpcServerConfiguration ignored, VertxServerBuilder builder) {
        builder.maxInboundMessageSize(settings.messageBytesMax());
        builder.nettyBuilder()
                .withChildOption(
                        ChannelOption.RCVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(
                                RECEIVED_BYTES_MIN, RECEIVED_BYTES_INITIAL, RECEIVED_BYTES_MAX))
                .maxConcurrentCallsPerConnection(callsPerConnectionMax());
        builder.intercept(otherCalls::interceptCall);
        // In dev mode the transport outlives the application, and a drain is only a reload.
        if (LaunchMode.current() != LaunchMode.DEVELOPMENT) {
            builder.addStreamTracerFactory(arriving);
            // The last one runs first.
            builder.intercept(arriving::interceptCall);
            builder.intercept(gate::interceptCall);
        }
    }

    /**
     * More than are ever taken on, so that one who asks for too much is told so, and not without end: a refusal is no
     * call in flight any more, but waits in memory for a client that reads nothing. What is beyond is reset by the
     * transport, which ends a connection that does not read that either. Of a client that does not acknowledge the
     * server's settings HTTP/2 does not ask that it keeps to them.
     */
    private int callsPerConnectionMax() {
        return settings.requestsInFlightMax() + 2 * OtherCallsLimit.CALLS_MAX + REFUSED_CALLS_MAX;
    }

    @Override
    public void close(Duration limit) {
        gate.server().ifPresent(server -> {
            server.shutdown();
            try {
                server.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** @throws QuarkusBindException where the server did not come up; the command line says why */
    void check(@Observes @Priority(CHECK_PRIORITY) StartupEvent event) throws QuarkusBindException {
        if (!signal.listens()) {
            int port = LaunchMode.current() == LaunchMode.TEST ? configuration.testPort() : configuration.port();
            throw new QuarkusBindException(configuration.host(), port, new BindException("gRPC does not listen"));
        }
    }
}
