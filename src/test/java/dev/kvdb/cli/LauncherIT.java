package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.engine.format.BareLogWriter;
import dev.kvdb.testkit.ClosedPort;
import dev.kvdb.testkit.ServerProcess;
import dev.kvdb.v1.StatusResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher as a user runs it: processes, exit codes, signals. */
class LauncherIT {

    private static final int SIGTERM_EXIT_CODE = 143;

    @TempDir
    static Path shared;

    /** Shared by the tests that leave it running; each has keys of its own. */
    private static ServerProcess sharedServer;

    @TempDir
    Path work;

    private ServerProcess server;

    /** How a process ended, and what it printed. */
    private record Ended(int exitCode, byte[] out, String err) {

        String text() {
            return new String(out, StandardCharsets.UTF_8);
        }
    }

    @BeforeAll
    static void start() throws IOException {
        sharedServer = ServerProcess.start(
                        shared.resolve("database"),
                        "kvdb.storage.segment-size=512K",
                        "kvdb.storage.value-size-max=128K",
                        "kvdb.storage.reserve-size=0",
                        "kvdb.gc.period=24h")
                .awaitReady();
    }

    @AfterAll
    static void stop() {
        sharedServer.close();
    }

    @BeforeEach
    void useSharedServer() {
        server = sharedServer;
    }

    private static KvdbClient connect(ServerProcess server) {
        return KvdbClient.connect(ServerAddress.parse(server.address()), ClientOptions.DEFAULTS);
    }

    private Ended kvdb(String... arguments) throws IOException, InterruptedException {
        return run(ServerProcess.launch(arguments), new byte[0]);
    }

    private Ended run(ProcessBuilder builder, byte[] input) throws IOException, InterruptedException {
        builder.environment().putIfAbsent("KVDB_SERVER", server.address());
        Path err = Files.createTempFile(work, "err", "");
        Process process = builder.redirectError(err.toFile()).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input);
        }
        byte[] out = process.getInputStream().readAllBytes();
        return new Ended(process.waitFor(), out, Files.readString(err));
    }

    @Test
    void eachClientCommand_worksAgainstAServer() throws Exception {
        assertThat(kvdb("set", "1", "Hello, World!"))
                .extracting(Ended::exitCode, Ended::text, Ended::err)
                .containsExactly(0, "", "");
        assertThat(kvdb("get", "1").text()).isEqualTo("Hello, World!\n");
        assertThat(kvdb("set", "-5", "-7", "--json").text()).contains("\"replaced\":false");
        assertThat(kvdb("--server", "http://" + server.address(), "get", "-5").text())
                .isEqualTo("-7\n");
        assertThat(kvdb("status").text()).contains("writable");
        assertThat(kvdb("remove", "1").exitCode()).isZero();
        Ended missing = kvdb("get", "1");
        assertThat(missing.exitCode()).isEqualTo(1);
        assertThat(missing.err()).isEqualTo("kvdb: key 1 has no value\n");
    }

    @Test
    void gc_collectsWhatItsDryRunSaid() throws Exception {
        try (KvdbClient client = connect(server)) {
            for (int i = 0; i < 12; i++) {
                client.set(400, new byte[100_000]);
            }
        }
        String said = kvdb("gc", "--dry-run").text();
        assertThat(said).matches("would collect [1-9][0-9]* segments?: reclaim [1-9].* copy .*\\R");
        assertThat(kvdb("gc").text())
                .startsWith(said.replaceFirst("would collect (.*): reclaim (.*),.*\\R", "collected $1: reclaimed $2,"));
    }

    @Test
    void allByteValues_passThroughStdinAndRaw() throws Exception {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        assertThat(run(ServerProcess.launch("set", "256", "-"), bytes).exitCode())
                .isZero();
        assertThat(kvdb("get", "--raw", "256").out()).isEqualTo(bytes);
    }

    @Test
    void wrongUsage_exits2_andAnUnreachableServer3() throws Exception {
        assertThat(kvdb("get", "x").exitCode()).isEqualTo(2);
        try (ClosedPort closed = new ClosedPort()) {
            Ended refused = kvdb("--server", closed.address(), "get", "1");
            assertThat(refused.exitCode()).isEqualTo(3);
            assertThat(refused.err()).contains("connection refused").hasLineCount(2);
        }
        Ended unknown = kvdb("--server", "no-such-host.invalid:1", "get", "1");
        assertThat(unknown.exitCode()).isEqualTo(3);
        assertThat(unknown.err()).hasLineCount(2);
    }

    @Test
    void readerThatGoesAway_isQuiet() throws Exception {
        kvdb("set", "300", "x".repeat(100_000));
        ProcessBuilder pipe = ServerProcess.launch();
        pipe.command("sh", "-c", "for i in 1 2 3; do '" + ServerProcess.launcher() + "' get 300; done | head -c 1");
        Ended ended = run(pipe, new byte[0]);
        assertThat(ended.text()).isEqualTo("x");
        assertThat(ended.err()).isEmpty();
    }

    @Test
    void closedStandardInput_isAnErrorAndStoresNothing() throws Exception {
        Ended ended = shell("'%s' set 301 - <&-");
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err()).contains("cannot read the standard input").hasLineCount(1);
        assertThat(kvdb("get", "301").exitCode()).isEqualTo(1);
    }

    @Test
    void closedOrFullStandardOutput_isAnError() throws Exception {
        kvdb("set", "302", "x");
        for (String redirection : List.of(">&-", "> /dev/full", "<&- >&-")) {
            Ended ended = shell("'%s' get 302 " + redirection);
            assertThat(ended.exitCode()).as(redirection).isEqualTo(1);
            assertThat(ended.err())
                    .startsWith("kvdb: cannot write to the standard output: ")
                    .hasLineCount(1);
        }
    }

    @Test
    void closedStandardError_leavesTheExitCode() throws Exception {
        assertThat(shell("'%s' get 303 2>&-").exitCode()).isEqualTo(1);
        assertThat(shell("'%s' get x 2> /dev/full").exitCode()).isEqualTo(2);
    }

    private Ended shell(String command) throws IOException, InterruptedException {
        ProcessBuilder builder = ServerProcess.launch();
        builder.command("sh", "-c", String.format(command, ServerProcess.launcher()));
        return run(builder, new byte[0]);
    }

    @Test
    void terminated_stopsCleanly_andTheNextOpenIsClean() throws Exception {
        Path database = work.resolve("database");
        try (ServerProcess first = ServerProcess.start(database).awaitReady();
                KvdbClient client = connect(first)) {
            client.set(1, new byte[] {7});
            first.terminate();
            assertThat(first.awaitExit()).isEqualTo(SIGTERM_EXIT_CODE);
        }
        try (ServerProcess second = ServerProcess.start(database).awaitReady();
                KvdbClient client = connect(second)) {
            StatusResponse status = client.status();
            assertThat(status.getRecovery().getClean()).isTrue();
            assertThat(status.getKeys()).isEqualTo(1);
            assertThat(client.get(1).orElseThrow().bytes()).containsExactly(7);
        }
    }

    @Test
    void secondServer_onTheSameDirectoryOrPort_endsWithTheReason() throws Exception {
        try (ServerProcess second = ServerProcess.start(shared.resolve("database"))) {
            assertThat(second.awaitExit()).isEqualTo(1);
            assertThat(second.output()).contains("in use by").contains(Long.toString(server.pid()));
        }
        try (ServerProcess second =
                ServerProcess.start(work.resolve("other"), "quarkus.grpc.server.port=" + server.grpcPort())) {
            assertThat(second.awaitExit()).isEqualTo(1);
            assertThat(second.output()).contains(Integer.toString(server.grpcPort()));
        }
    }

    @Test
    void importAndExport_waitForTheServerToEnd() throws Exception {
        Path database = work.resolve("database");
        Path log = work.resolve("bare.log");
        try (ServerProcess own = ServerProcess.start(database).awaitReady();
                KvdbClient client = connect(own)) {
            client.set(1, new byte[] {7});
            client.set(-1, new byte[] {8});
            Ended locked = kvdb("export", log.toString(), database.toString());
            assertThat(locked.exitCode()).isEqualTo(1);
            assertThat(locked.err()).contains("in use by").contains(Long.toString(own.pid()));
            own.terminate();
            own.awaitExit();
        }
        assertThat(kvdb("export", log.toString(), database.toString()).text()).startsWith("exported 2 keys");
        Path copy = work.resolve("copy");
        assertThat(kvdb("import", log.toString(), copy.toString()).text())
                .startsWith("imported 2 sets and 0 removes")
                .endsWith("which has 2 keys now\n");
    }

    @Test
    void exportThatIsStopped_leavesNoFileBehind() throws Exception {
        Path log = work.resolve("bare.log");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(log))) {
            BareLogWriter writer = new BareLogWriter(out, ByteOrder.BIG_ENDIAN);
            for (int key = 0; key < 50_000; key++) {
                writer.writeSet(key, new byte[1_000]);
            }
        }
        Path database = work.resolve("database");
        assertThat(kvdb("import", log.toString(), database.toString()).exitCode())
                .isZero();
        Path target = Files.createDirectory(work.resolve("target"));

        Process export = ServerProcess.launch("export", target + "/new.log", database.toString())
                .start();
        Awaitility.await().until(() -> !export.isAlive() || target.toFile().list().length > 0);
        export.toHandle().destroy();

        // It may have ended before the signal came: then the file is there as a whole.
        if (export.waitFor() == SIGTERM_EXIT_CODE) {
            assertThat(target).isEmptyDirectory();
        } else {
            assertThat(target.toFile().list()).containsExactly("new.log");
            assertThat(target.resolve("new.log")).hasSameBinaryContentAs(log);
        }
    }

    @Test
    void launcher_behindASymbolicLink_findsItself() throws Exception {
        Path link = Files.createSymbolicLink(
                work.resolve("link"), ServerProcess.launcher().toAbsolutePath());
        ProcessBuilder builder = ServerProcess.launch();
        builder.command(link.toString(), "--version");
        Ended ended = run(builder, new byte[0]);
        assertThat(ended.text()).startsWith("kvdb ");
        assertThat(ended.err()).isEmpty();
    }

    @Test
    void launcher_withoutAFittingJava_saysWhatItNeeds() throws Exception {
        Path home = work.resolve("old-java");
        Files.createDirectories(home.resolve("bin"));
        ProcessBuilder builder = ServerProcess.launch("--version");
        builder.environment().put("JAVA_HOME", home.toString());
        assertThat(run(builder, new byte[0]).err()).contains("Java 17 or newer").contains("no bin/java");

        Path java = Files.writeString(home.resolve("bin").resolve("java"), "#!/bin/sh\nexit 99\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.write(home.resolve("release"), List.of("JAVA_VERSION=\"11.0.2\""));
        Ended old = run(builder, new byte[0]);
        assertThat(old.exitCode()).isEqualTo(1);
        assertThat(old.err()).contains("Java 17 or newer").contains("11.0.2");
    }

    @Test
    void classesComeFromTheArchives_thatTheBuildMade() throws Exception {
        ProcessBuilder get = ServerProcess.launch("get", "404");
        get.environment().put("KVDB_JAVA_OPTS", "-Xlog:class+load");
        assertThat(run(get, new byte[0]).text())
                .containsPattern("dev\\.kvdb\\.cli\\.GetCommand source: shared objects file");
        try (ServerProcess logging = ServerProcess.startWithJavaOptions("-Xlog:class+load", work.resolve("logging"))) {
            logging.awaitReady();
            assertThat(logging.output())
                    .containsPattern("dev\\.kvdb\\.server\\.StoreLifecycle source: shared objects file");
        }
    }

    @Test
    void archivesThatDoNotFit_areNotUsedAndNotMentioned() throws Exception {
        Path launcher = Files.copy(ServerProcess.launcher(), work.resolve("kvdb"));
        Path archive = Path.of(ServerProcess.launcher() + "-client.jsa");
        for (byte[] unfit : List.of(Files.readAllBytes(archive), new byte[10_000], new byte[0])) {
            Files.write(work.resolve("kvdb-client.jsa"), unfit);
            ProcessBuilder builder = ServerProcess.launch();
            builder.command(launcher.toString(), "get", "404");
            assertThat(run(builder, new byte[0]))
                    .extracting(Ended::exitCode, Ended::text, Ended::err)
                    .containsExactly(1, "", "kvdb: key 404 has no value\n");
            builder.environment().put("KVDB_JAVA_OPTS", "-Xlog:class+load");
            assertThat(run(builder, new byte[0]).text())
                    .contains("dev.kvdb.cli.GetCommand source: ")
                    .doesNotContainPattern("dev\\.kvdb\\.cli\\.GetCommand source: shared");
        }
    }
}
