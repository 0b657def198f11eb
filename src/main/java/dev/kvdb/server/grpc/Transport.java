package dev.kvdb.server.grpc;

import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.config.ServerSettings;
import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcConfiguration;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * Fits Quarkus' separate gRPC server to kvdb: lets in messages as large as the value limit asks for, and ends the
 * process where the server did not come up, which Quarkus only logs.
 */
@Singleton
class Transport implements ServerBuilderCustomizer<VertxServerBuilder> {

    /** Before the store is opened. */
    private static final int CHECK_PRIORITY = 1_000;

    private final ServerSettings settings;
    private final TransportSignal signal;
    private final GrpcServerConfiguration configuration;
    private final CallsInFlight calls;
    private final StatusMapping statusMapping;

    Transport(
            ServerSettings settings,
            TransportSignal signal,
            GrpcConfiguration configuration,
            CallsInFlight calls,
            StatusMapping statusMapping) {
        this.settings = settings;
        this.signal = signal;
        this.configuration = configuration.server();
        this.calls = calls;
        this.statusMapping = statusMapping;
    }

    @Override
    public void customize(GrpcServerConfiguration ignored, VertxServerBuilder builder) {
        builder.maxInboundMessageSize(settings.messageBytesMax());
        // In dev mode the transport outlives the application, and a drain is only a reload.
        if (LaunchMode.current() != LaunchMode.DEVELOPMENT) {
            builder.intercept(new StoppedGate(calls, statusMapping));
        }
    }

    /** @throws ConfigurationException where the server did not come up; Quarkus prints its message alone and exits */
    void check(@Observes @Priority(CHECK_PRIORITY) StartupEvent event) {
        if (!signal.listens()) {
            int port = LaunchMode.current() == LaunchMode.TEST ? configuration.testPort() : configuration.port();
            throw new ConfigurationException("cannot serve gRPC on " + configuration.host() + ":" + port + ": "
                    + whyNot(configuration.host(), port)
                    + "; stop what uses it, or set quarkus.grpc.server.host and quarkus.grpc.server.port");
        }
    }

    /** Quarkus keeps the cause to itself, so binding is tried once more. */
    private static String whyNot(String host, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(host, port));
            return "the server did not start (log category io.quarkus.grpc has more)";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
