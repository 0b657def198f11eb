package dev.kvdb.cli;

import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.v1.StoreState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/** A {@code kvdb serve} in a process of its own, started by the launcher that the build made. */
final class ServerProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Process process;
    private final ServerAddress address;
    private final Path output;

    private ServerProcess(Process process, ServerAddress address, Path output) {
        this.process = process;
        this.address = address;
        this.output = output;
    }

    /** The launcher. */
    static Path launcher() {
        return Path.of(System.getProperty("kvdb.build.directory", "target"), "kvdb");
    }

    /** A process of the launcher, not started yet, that uses this JVM's Java and no configuration of the caller's. */
    static ProcessBuilder launch(String... arguments) {
        List<String> command = new ArrayList<>(List.of(launcher().toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("KVDB_") || name.startsWith("QUARKUS_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    /** Starts a server on a free port and waits until it takes writes. */
    static ServerProcess start(Path work, Path database, String... configuration) throws IOException {
        ServerProcess server = startOnly(work, database, freeAddress(), configuration);
        server.awaitWritable();
        return server;
    }

    /** Starts a server and does not wait for it. */
    static ServerProcess startOnly(Path work, Path database, ServerAddress address, String... configuration)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("serve", "-D", "quarkus.http.port=0"));
        for (String key : configuration) {
            arguments.addAll(List.of("-D", key));
        }
        arguments.addAll(List.of(address.toString(), database.toString()));
        Path output = Files.createTempFile(work, "server", ".log");
        Process process = launch(arguments.toArray(String[]::new))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new ServerProcess(process, address, output);
    }

    /** A loopback address that nobody listened on a moment ago. */
    static ServerAddress freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new ServerAddress("127.0.0.1", socket.getLocalPort());
        }
    }

    private void awaitWritable() {
        try (KvdbClient client = connect()) {
            Awaitility.await()
                    .atMost(PATIENCE)
                    .ignoreException(ClientException.class)
                    .failFast("the server ended", () -> {
                        if (!process.isAlive()) {
                            throw new IllegalStateException("the server ended: " + output());
                        }
                    })
                    .until(() -> client.status().getState() == StoreState.STORE_STATE_WRITABLE);
        }
    }

    ServerAddress address() {
        return address;
    }

    long pid() {
        return process.pid();
    }

    KvdbClient connect() {
        return KvdbClient.connect(address, ClientOptions.DEFAULTS.withTimeoutMillis(PATIENCE.toMillis()));
    }

    /** What the server has printed so far. */
    String output() throws IOException {
        return Files.readString(output);
    }

    /** Sends SIGTERM and returns the exit code. */
    int terminate() {
        process.destroy();
        return awaitExit();
    }

    /** Sends SIGKILL and returns when the process is gone. */
    void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Waits until the process ends by itself and returns its exit code. */
    int awaitExit() {
        Awaitility.await().atMost(PATIENCE).until(() -> !process.isAlive());
        return process.exitValue();
    }

    @Override
    public void close() {
        kill();
    }
}
