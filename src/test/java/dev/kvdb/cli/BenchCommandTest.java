package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import dev.kvdb.testkit.ClosedPort;
import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BenchCommandTest {

    private static final String FIRST_KEY_DEFAULT = "8000000000000000000";

    @AutoClose
    private final FakeServer server = new FakeServer();

    private Outcome bench(String line) {
        String keys = line.contains("--keys ") ? "" : "--keys 50 ";
        return new CommandRun()
                .environment("KVDB_SERVER", server.address())
                .run(("bench --warm-up 0 " + keys + line).split(" "));
    }

    private static Outcome refused(String line) {
        return new CommandRun().run(("bench " + line).split(" "));
    }

    private static JsonPath json(Outcome outcome) {
        assertThat(outcome.text()).as(outcome.err()).hasLineCount(1);
        return JsonPath.from(outcome.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--mix get=1,put=2 | --mix | 'get=1,put=2' is not a mix of operations: 'put=2'",
                "--mix get=0 | --mix | 'get=0' leaves nothing to do",
                "--mix get=1,get=2 | --mix | names get twice",
                "--mix x | --mix | 'x' is not a mix",
                "--distribution pareto | --distribution | 'pareto' is not a distribution",
                "--distribution zipf:0 | --distribution | 'zipf:0': the exponent",
                "--keys 0 | --keys | '0' is out of range; it must be from 1 to 1,000,000,000",
                "--keys x | --keys | 'x' is not an int",
                "--keys 2000000000 | --keys | '2000000000' is out of range",
                "--first-key x | --first-key | 'x' is not a key",
                "--first-key 9223372036854775807 | --first-key | at most 9223372036854675808 with 100,000 keys",
                "--value-size 1MB | --value-size | '1MB' is not a size",
                "--value-size 4KiB-100 | --value-size | '4KiB-100' is not a range",
                "--value-size 257MiB | --value-size | '257MiB' is over 256.0 MiB",
                "--concurrency 0 | --concurrency | '0' is out of range",
                "--concurrency 2 --connections 3 | --connections | from 1 to 2, the value of --concurrency",
                "--rate 0 | --rate | '0' is not a rate",
                "--rate fast | --rate | 'fast' is not a rate",
                "--duration 5 | --duration | '5' is not a duration",
                "--duration 999999999h | --duration | at most a year",
                "--duration 5s --count 5 | --count | exclude each other",
                "--count 0 | --count | '0' is out of range",
                "--warm-up x | --warm-up | 'x' is not a duration",
                "--verify --keys 10000001 | --keys | at most 10,000,000 with --verify",
                "--concurrency 65536 --value-size 1-256MiB | --concurrency | 65,536 with --value-size up to 256.0 MiB",
                "--seed x | --seed | 'x' is not a long",
            })
    void wrongOption_exits2NamingTheOptionAndTheValue(String line, String option, String message) {
        Outcome outcome = refused(line.strip());
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.err())
                .contains(option.strip(), message.strip(), "See 'kvdb bench --help'")
                .hasLineCount(2);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void json_hasSettingsCountsRatesAndPercentiles() throws DataFormatException {
        Outcome outcome = bench("--preload --mix get=50,set=40,remove=10 --count 400 --value-size 10-20 --seed 7 "
                + "--distribution zipf:1.2 --concurrency 8 --connections 2 --json --histograms");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonPath json = json(outcome);
        assertThat(json.getString("server")).isEqualTo(server.address());
        assertThat(json.getString("serverVersion")).isEqualTo("1.2.3");
        assertThat(json.getMap("settings.mix").toString()).isEqualTo("{get=50, set=40, remove=10}");
        assertThat(json.getString("settings.firstKey")).isEqualTo(FIRST_KEY_DEFAULT);
        assertThat(json.getString("settings.lastKey")).isEqualTo("8000000000000000049");
        assertThat(json.getString("settings.distribution")).isEqualTo("zipf");
        assertThat(json.getDouble("settings.exponent")).isEqualTo(1.2);
        assertThat(json.getInt("settings.valueBytesMax")).isEqualTo(20);
        assertThat(json.getString("settings.seed")).isEqualTo("7");
        assertThat(json.getInt("settings.count")).isEqualTo(400);
        assertThat(json.getInt("preloaded")).isEqualTo(50);
        assertThat(json.getBoolean("interrupted")).isFalse();
        assertThat(json.getInt("ok")).isEqualTo(400);
        assertThat(json.getInt("failed")).isZero();
        assertThat(json.getMap("errors")).isEmpty();
        assertThat(json.getDouble("okPerSecond")).isPositive();
        assertThat(json.getInt("operations.get.ok")
                        + json.getInt("operations.set.ok")
                        + json.getInt("operations.remove.ok"))
                .isEqualTo(400);
        assertThat(json.getInt("operations.get.found")).isPositive();
        assertThat(json.getMap("operations.get.latencyMicros").keySet())
                .hasToString("[count, min, mean, p50, p90, p99, p99_9, p99_99, max]");
        assertThat(json.getInt("operations.get.latencyMicros.p50")).isPositive();
        byte[] compressed = Base64.getDecoder().decode(json.getString("operations.get.latencyHistogram"));
        Histogram decoded = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(compressed), 1);
        assertThat(decoded.getTotalCount()).isEqualTo(json.getInt("operations.get.ok"));
        assertThat(JsonPath.from(outcome.err()).getString("plan.lastKey")).isEqualTo("8000000000000000049");
    }

    @Test
    void atARate_callsAreMeasuredFromBothMoments() {
        Outcome outcome = bench("--mix set=1 --rate 2000 --count 100 --connections 4 --json");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonPath json = json(outcome);
        assertThat(json.getDouble("settings.ratePerSecond")).isEqualTo(2000);
        assertThat(json.getInt("ok")).isEqualTo(100);
        assertThat(json.getInt("operations.set.latencyMicros.count")).isEqualTo(100);
        assertThat(json.getInt("operations.set.serviceMicros.count")).isEqualTo(100);
        assertThat(json.getInt("operations.set.serviceMicros.min")).isPositive();
        assertThat(json.getMap("operations.get")).isNull();
    }

    @Test
    void table_saysWhatWasDone_afterALineThatSaysWhatWillBeWritten() {
        Outcome outcome = bench("--preload --count 100 --seed 7");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.text())
                .contains("kvdb 1.2.3 at " + server.address(), "get=90,set=10,remove=0, seed 7", "100 answered")
                .contains("0 failed", "p99.99");
        assertThat(outcome.err())
                .startsWith("kvdb: bench sets keys " + FIRST_KEY_DEFAULT + " to 8000000000000000049 at "
                        + server.address() + ", to values of 100 bytes\n")
                .contains("stays there; see --clean-up");
        assertThat(server.size()).isEqualTo(50);
    }

    @Test
    void readsOnly_writeNothing_andSayThatNothingWasFound() {
        Outcome outcome = bench("--mix get=1 --count 10");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.err()).contains("bench only reads keys", "no get found a value", "--preload");
        assertThat(server.size()).isZero();
    }

    @Test
    void cleanUp_removesWhatWasSetHereAndNothingElse() {
        new CommandRun().environment("KVDB_SERVER", server.address()).run("set", "105", "mine");
        Outcome outcome = bench("--first-key 100 --keys 5 --preload --count 10 --clean-up");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).contains("What it sets is removed at the end", "removed 5 keys");
        assertThat(server.has(105)).isTrue();
        assertThat(server.size()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--mix set=1", "--preload"})
    void cleanUp_keepsWhatARefusedSetDidNotReplace(String load) {
        server.put(FakeServer.FULL_KEY, "mine");
        Outcome outcome = bench("--first-key " + FakeServer.FULL_KEY + " --keys 1 --count 4 --clean-up " + load);
        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err()).contains("QUOTA_REACHED", "removed 0 keys");
        assertThat(server.value(FakeServer.FULL_KEY)).asString().isEqualTo("mine");
    }

    @Test
    void cleanUp_removesAgainWhatASetWithoutReplyMayHaveAppliedLate() {
        // The first call of a process takes long.
        new CommandRun().environment("KVDB_SERVER", server.address()).run("get", "1");
        Outcome outcome =
                bench("--first-key " + FakeServer.LATE_KEY + " --keys 1 --mix set=1 --count 1 --timeout 8s --clean-up");
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(5);
        assertThat(outcome.err()).contains("TIMED_OUT", "removed 1 key");
        assertThat(server.has(FakeServer.LATE_KEY)).isFalse();
    }

    @Test
    void refusedCalls_areCountedByReason_andExit4() {
        Outcome outcome = bench("--first-key " + FakeServer.READ_ONLY_KEY + " --keys 2 --count 20 --json");
        assertThat(outcome.exitCode()).isEqualTo(4);
        JsonPath json = json(outcome);
        assertThat(json.getInt("errors.READ_ONLY")).isPositive();
        assertThat(json.getInt("errors.DAMAGED")).isPositive();
        assertThat(json.getInt("failed")).isEqualTo(20);
        Outcome table = bench("--first-key " + FakeServer.READ_ONLY_KEY + " --keys 1 --count 4 --mix set=1");
        assertThat(table.exitCode()).isEqualTo(4);
        assertThat(table.text()).contains("set: 4 READ_ONLY");
        assertThat(table.err()).contains("4 of 4 calls failed", "'kvdb status' says why");
    }

    @Test
    void callsWithoutReply_exit5() {
        // The first call of a process takes long.
        new CommandRun().environment("KVDB_SERVER", server.address()).run("get", "1");
        Outcome outcome = bench("--first-key " + FakeServer.SILENT_KEY + " --keys 1 --count 4 --timeout 8s --json");
        assertThat(outcome.exitCode()).isEqualTo(5);
        assertThat(json(outcome).getMap("errors").toString()).isEqualTo("{TIMED_OUT=4}");
    }

    @Test
    void preloadThatIsRefused_endsTheCommandWithTheReason() {
        Outcome outcome = bench("--first-key " + FakeServer.READ_ONLY_KEY + " --keys 1 --preload");
        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err()).contains("READ_ONLY: the store is read-only");
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void preloadThatLosesTheServer_exits3WhereNothingWasWritten_else5() {
        Outcome none = bench("--first-key " + FakeServer.GATEWAY_KEY + " --keys 1 --preload");
        assertThat(none.exitCode()).as(none.err()).isEqualTo(3);
        Outcome some =
                bench("--first-key " + (FakeServer.GATEWAY_KEY - 1) + " --keys 2 --preload --concurrency 1 --clean-up");
        assertThat(some.exitCode()).as(some.err()).isEqualTo(5);
        assertThat(some.err()).contains("cannot reach a kvdb server", "removed 1 key");
        assertThat(server.size()).isZero();
    }

    @Test
    void cleanUpThatFails_exits5NamingTheKeysThatAreLeft() {
        Outcome outcome =
                bench("--first-key " + FakeServer.UNREMOVABLE_KEY + " --keys 1 --mix set=1 --count 3 --clean-up");
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(5);
        assertThat(outcome.text()).contains("3 answered");
        assertThat(outcome.err())
                .contains("the clean-up failed; what was set here may be left at keys 1009 to 1009")
                .contains("--first-key 1009 --keys 1 --preload --count 1 --clean-up", "cannot reach a kvdb server");
    }

    @Test
    void cleanUpThatFails_doesNotHideWhatTheLoadFound() {
        Outcome wrong = bench("--first-key " + FakeServer.UNREMOVABLE_KEY
                + " --keys 1 --preload --verify --mix get=1 --count 3 --clean-up --json");
        assertThat(wrong.exitCode()).as(wrong.err()).isEqualTo(1);
        assertThat(json(wrong).getInt("verified.wrong")).isEqualTo(3);
        assertThat(wrong.err()).contains("\"exitCode\":5", "the clean-up failed");
        Outcome refused = bench(
                "--first-key " + (FakeServer.UNREMOVABLE_KEY - 2) + " --keys 3 --preload --concurrency 1 --clean-up");
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err()).contains("QUOTA_REACHED");
    }

    @Test
    void valueThatCannotBe_exits1AndIsNamed() {
        Outcome outcome = bench(
                "--first-key " + FakeServer.FORGOTTEN_KEY + " --keys 1 --preload --verify --mix get=1 " + "--count 10");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .contains("10 reads got what cannot be: key " + FakeServer.FORGOTTEN_KEY + " has no value");
        assertThat(bench("--preload --verify --count 200").exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "2-20", "100", "0-4KiB"})
    void valueThatIsCutAtItsEnd_exits1(String size) {
        Outcome outcome = bench("--first-key " + FakeServer.CUT_KEY
                + " --keys 1 --preload --verify --mix get=1 --count 10 --seed 7 --value-size " + size);
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("10 reads got what cannot be: key " + FakeServer.CUT_KEY, "were not set");
    }

    @Test
    void unreachableServer_exits3BeforeAnythingElse() throws IOException {
        try (ClosedPort closed = new ClosedPort()) {
            Outcome outcome = refused("--server " + closed.address());
            assertThat(outcome.exitCode()).isEqualTo(3);
            assertThat(outcome.err()).contains("connection refused").hasLineCount(2);
        }
    }

    @Test
    void progress_isShownWhereItIsAskedFor() {
        assertThat(bench("--duration 3s --progress").err()).contains("/s, p99 ");
        assertThat(bench("--duration 2s").err()).doesNotContain("p99");
    }
}
