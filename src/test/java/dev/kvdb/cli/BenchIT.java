package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.testkit.ServerProcess;
import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kvdb bench} as a user runs it, against servers as they are packaged. */
class BenchIT {

    private static final int SIGTERM_EXIT_CODE = 143;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path work;

    private ServerProcess serve(String... configuration) {
        List<String> keys = new ArrayList<>(List.of("kvdb.storage.reserve-size=0", "kvdb.gc.period=24h"));
        keys.addAll(List.of(configuration));
        return ServerProcess.start(work.resolve("database"), keys.toArray(String[]::new))
                .awaitReady();
    }

    private Process bench(ServerProcess server, String line) throws IOException {
        return bench(server.address(), line);
    }

    private Process bench(String address, String line) throws IOException {
        ProcessBuilder builder = ServerProcess.launch(("bench --warm-up 0 --timeout 2m " + line).split(" "));
        builder.environment().put("KVDB_SERVER", address);
        return builder.redirectError(work.resolve("err").toFile()).start();
    }

    private String err() throws IOException {
        return Files.readString(work.resolve("err"));
    }

    private static String out(Process bench) throws IOException {
        return new String(bench.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static long keys(ServerProcess server) {
        ClientOptions options = ClientOptions.DEFAULTS.withTimeoutMillis(PATIENCE.toMillis());
        try (KvdbClient client = KvdbClient.connect(ServerAddress.parse(server.address()), options)) {
            return client.status().getKeys();
        }
    }

    @Test
    void mixedLoad_isAnsweredAndVerified_andLeavesNothingBehindAfterItsCleanUp() throws Exception {
        try (ServerProcess server = serve()) {
            Process bench = bench(
                    server,
                    "--keys 500 --preload --mix get=50,set=40,remove=10 --count 3000 --connections 2 --verify "
                            + "--value-size 0-2KiB --clean-up --json");
            JsonPath json = JsonPath.from(out(bench));
            assertThat(bench.waitFor()).as(err()).isZero();
            assertThat(json.getInt("ok")).isEqualTo(3000);
            assertThat(json.getInt("preloaded")).isEqualTo(500);
            assertThat(json.getInt("verified.reads")).isPositive();
            assertThat(json.getInt("verified.wrong")).isZero();
            assertThat(json.getInt("cleanedUp")).isEqualTo(500);
            assertThat(keys(server)).isZero();
        }
    }

    @Test
    void signalledRun_printsTheResultsSoFar_cleansUpAndEndsWithTheSignalsExitCode() throws Exception {
        try (ServerProcess server = serve()) {
            Process bench = bench(server, "--keys 500 --mix set=1 --duration 1h --rate 200 --progress --clean-up");
            Awaitility.await().atMost(PATIENCE).until(() -> err().contains("/s, p99 "));
            Awaitility.await().atMost(PATIENCE).until(() -> keys(server) > 0);
            bench.toHandle().destroy();
            String table = out(bench);
            assertThat(bench.waitFor()).as(err()).isEqualTo(SIGTERM_EXIT_CODE);
            assertThat(table).contains(", interrupted", "set ");
            assertThat(err()).contains("removed ");
            assertThat(keys(server)).isZero();
        }
    }

    @Test
    void signalledRun_whoseCleanUpFails_saysSo() throws Exception {
        try (FakeServer server = new FakeServer()) {
            Process bench = bench(
                    server.address(),
                    "--keys 1 --first-key " + FakeServer.UNREMOVABLE_KEY
                            + " --mix set=1 --duration 1h --rate 200 --progress --clean-up");
            Awaitility.await().atMost(PATIENCE).until(() -> err().contains("/s, p99 "));
            bench.toHandle().destroy();
            assertThat(out(bench)).contains(", interrupted");
            assertThat(bench.waitFor()).as(err()).isEqualTo(SIGTERM_EXIT_CODE);
            assertThat(err()).contains("the clean-up failed; what was set here may be left at keys");
        }
    }

    @Test
    void overloadedServer_isNoEndOfTheRun() throws Exception {
        try (ServerProcess server = serve("kvdb.limits.requests-in-flight=2")) {
            // The requests of three connections are more than the server has room for.
            Process bench = bench(
                    server, "--keys 500 --preload --mix set=1 --count 1000 --concurrency 9 --connections 3 --json");
            JsonPath json = JsonPath.from(out(bench));
            assertThat(bench.waitFor()).as(err()).isEqualTo(4);
            assertThat(json.getInt("preloaded")).isEqualTo(500);
            assertThat(json.getInt("errors.OVERLOADED"))
                    .isEqualTo(json.getInt("failed"))
                    .isPositive();
            assertThat(json.getInt("ok") + json.getInt("failed")).isEqualTo(1000);
        }
    }

    @Test
    void databaseAtItsQuota_endsThePreloadWithTheReason() throws Exception {
        try (ServerProcess server =
                serve("kvdb.storage.segment-size=1M", "kvdb.storage.value-size-max=64K", "kvdb.storage.quota=4M")) {
            Process bench = bench(server, "--keys 2000 --preload --value-size 10KiB --clean-up");
            assertThat(out(bench)).isEmpty();
            assertThat(bench.waitFor()).as(err()).isEqualTo(4);
            assertThat(err()).contains("kvdb: QUOTA_REACHED: ");
            assertThat(keys(server)).isZero();
        }
    }

    @Test
    void serverThatGoesAway_isCountedAndExits5() throws Exception {
        ServerProcess server = serve();
        Process bench = bench(server, "--keys 500 --duration 20s --rate 100 --progress");
        Awaitility.await().atMost(PATIENCE).until(() -> err().contains("/s, p99 "));
        server.kill();
        String table = out(bench);
        assertThat(bench.waitFor()).as(err()).isEqualTo(5);
        assertThat(table).contains("UNREACHABLE");
        assertThat(err()).contains("the server was gone");
    }
}
