package dev.kvdb.testkit;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * A {@code kvdb serve} in a process of its own, started by the launcher that the build made, and what it printed. Safe
 * for use by several threads. Closing it kills it.
 */
public final class ServerProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** A port that the system chooses when the server binds it, so that no other process can take it before. */
    private static final int ANY_PORT = 0;

    private static final Pattern SERVING = Pattern.compile("serving gRPC on \\S+:(\\d+), HTTP on \\S+:(\\d+)");

    private final Process process;
    private final Thread reader;
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final HttpClient http = HttpClient.newHttpClient();

    private ServerProcess(Process process) {
        this.process = process;
        reader = new Thread(this::read, "output of the server");
        reader.setDaemon(true);
        reader.start();
    }

    /** The launcher. */
    public static Path launcher() {
        return Path.of(System.getProperty("kvdb.build.directory", "target"), "kvdb");
    }

    /** A process of the launcher, not started yet, that uses this JVM's Java and no configuration of the caller's. */
    public static ProcessBuilder launch(String... arguments) {
        List<String> command = new ArrayList<>(List.of(launcher().toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = withoutConfiguration(command);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private static ProcessBuilder withoutConfiguration(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("KVDB_") || name.startsWith("QUARKUS_"));
        return builder;
    }

    /**
     * Starts a server on loopback ports that the system chooses, with these keys of the configuration, each as
     * {@code KEY=VALUE}; later ones win, also over those ports.
     */
    public static ServerProcess start(Path database, String... configuration) {
        return startWithJavaOptions("", database, configuration);
    }

    /** The same with these options for its Java. */
    public static ServerProcess startWithJavaOptions(String options, Path database, String... configuration) {
        ProcessBuilder launcher = launch();
        launcher.environment().put("KVDB_JAVA_OPTS", options);
        return start(launcher, database, configuration);
    }

    /**
     * Starts a server that has a bug, on loopback ports that the system chooses, with these options for its Java: the
     * changed classes come before those of the build on the class path.
     *
     * @param classes where they are written
     */
    public static ServerProcess startWithABug(
            PlantedBug bug, Path classes, String options, Path database, String... configuration) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-opens=java.base/java.lang=ALL-UNNAMED");
        command.addAll(List.of(options.split(" ")));
        command.addAll(List.of("-cp", bug.compileInto(classes) + File.pathSeparator + launcher(), "dev.kvdb.cli.Kvdb"));
        return start(withoutConfiguration(command), database, configuration);
    }

    private static ServerProcess start(ProcessBuilder kvdb, Path database, String... configuration) {
        List<String> keys = new ArrayList<>(List.of(
                "quarkus.grpc.server.port=" + ANY_PORT,
                "quarkus.http.port=" + ANY_PORT,
                "kvdb.data-directory=" + database));
        keys.addAll(List.of(configuration));
        kvdb.command().add("serve");
        keys.forEach(key -> kvdb.command().addAll(List.of("-D", key)));
        try {
            return new ServerProcess(kvdb.redirectErrorStream(true).start());
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

    /** Waits until the server takes writes. */
    public ServerProcess awaitReady() {
        Awaitility.await()
                .atMost(PATIENCE)
                .failFast(() -> {
                    if (!process.isAlive()) {
                        throw new IllegalStateException("the server has exited; it printed:\n" + output());
                    }
                })
                .until(() -> serving().isPresent() && httpStatus("/q/health/ready") == 200);
        return this;
    }

    /** What the server has printed of where it serves. */
    private Optional<MatchResult> serving() {
        return lines.stream()
                .map(SERVING::matcher)
                .filter(Matcher::find)
                .map(Matcher::toMatchResult)
                .findFirst();
    }

    private int port(int group) {
        return Integer.parseInt(serving()
                .orElseThrow(() -> new IllegalStateException(
                        "the server has not said where it serves, call awaitReady() first; it printed:\n" + output()))
                .group(group));
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

    /** Body of a GET. */
    public String httpBody(String path) {
        try {
            return http.send(request(path), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort() + path))
                .timeout(PATIENCE)
                .build();
    }

    /** Where it serves gRPC, as {@code HOST:PORT}. */
    public String address() {
        return "127.0.0.1:" + grpcPort();
    }

    /** Known once it is ready. */
    public int grpcPort() {
        return port(1);
    }

    /** Known once it is ready. */
    public int httpPort() {
        return port(2);
    }

    public long pid() {
        return process.pid();
    }

    /** Files and connections that it has open; 0 where the system does not tell. */
    public long openDescriptors() {
        String[] names = new File("/proc/" + pid() + "/fd").list();
        return names == null ? 0 : names.length;
    }

    /** Sends SIGTERM, as an orchestrator does. The output is read on, which {@code Process.destroy} would end. */
    public void terminate() {
        process.toHandle().destroy();
    }

    /** Sends SIGKILL, as a crash does, and returns when the process is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Waits until the process has ended and returns its exit code. */
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

    /** What it has printed so far. */
    public String output() {
        return String.join("\n", lines);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
