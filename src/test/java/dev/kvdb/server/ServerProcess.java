package dev.kvdb.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The packaged server in a process of its own, and what it printed. */
public final class ServerProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Thread reader;
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final int grpcPort;
    private final int httpPort;

    private ServerProcess(Process process, int grpcPort, int httpPort) {
        this.process = process;
        this.grpcPort = grpcPort;
        this.httpPort = httpPort;
        reader = new Thread(this::read, "output of the server");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts a server on ports that are free now, with these system properties. */
    public static ServerProcess start(Path dataDirectory, String... properties) {
        return start(freePort(), freePort(), dataDirectory, properties);
    }

    /** Starts a server with these system properties. */
    public static ServerProcess start(int grpcPort, int httpPort, Path dataDirectory, String... properties) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dquarkus.grpc.server.port=" + grpcPort);
        command.add("-Dquarkus.http.port=" + httpPort);
        command.add("-Dkvdb.data-directory=" + dataDirectory);
        for (String property : properties) {
            command.add("-D" + property);
        }
        command.add("-jar");
        command.add(System.getProperty("kvdb.jar", "target/quarkus-app/quarkus-run.jar"));
        try {
            return new ServerProcess(
                    new ProcessBuilder(command).redirectErrorStream(true).start(), grpcPort, httpPort);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add("output ended: " + e);
        }
    }

    public ServerProcess awaitReady() {
        Awaitility.await()
                .atMost(PATIENCE)
                .failFast("the server has exited", () -> !process.isAlive())
                .until(() -> httpStatus("/q/health/ready") == 200);
        return this;
    }

    /** Status code of a GET, or -1 where nothing answers. */
    public int httpStatus(String path) {
        try {
            return http.send(request(path), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return -1;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public String httpBody(String path) {
        try {
            return http.send(request(path), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path))
                .timeout(PATIENCE)
                .build();
    }

    public ServerUnderTest connect() {
        return ServerUnderTest.atPort(grpcPort);
    }

    public int grpcPort() {
        return grpcPort;
    }

    public int httpPort() {
        return httpPort;
    }

    /**
     * Asks the process to stop, as an orchestrator does. Its output is read on, which {@code Process.destroy} would
     * end.
     */
    public void terminate() {
        process.toHandle().destroy();
    }

    /** Kills the process, as a crash does. */
    public void kill() {
        process.destroyForcibly();
    }

    public int awaitExit() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the server does not exit; it printed:\n" + output());
            }
            reader.join();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public String output() {
        return String.join("\n", lines);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
