package dev.kvdb.server;

import io.quarkus.runtime.LaunchMode;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.Config;

/**
 * Where the two servers listen, for a person to read. Quarkus writes a port that the system has chosen back to the
 * configuration.
 */
@Singleton
class Addresses {

    private final Config config;

    Addresses(Config config) {
        this.config = config;
    }

    String grpc() {
        return address("quarkus.grpc.server");
    }

    String http() {
        return address("quarkus.http");
    }

    private String address(String prefix) {
        String portKey = LaunchMode.current() == LaunchMode.TEST ? ".test-port" : ".port";
        String host = config.getValue(prefix + ".host", String.class);
        String port = config.getValue(prefix + portKey, String.class);
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
