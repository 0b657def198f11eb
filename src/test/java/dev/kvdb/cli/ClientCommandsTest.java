package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientCommandsTest {

    @AutoClose
    private final FakeServer server = new FakeServer();

    private CommandRun command() {
        return new CommandRun().environment("KVDB_SERVER", server.address());
    }

    private Outcome run(String... args) {
        return command().run(args);
    }

    private String stored(long key) {
        return new String(server.value(key), StandardCharsets.UTF_8);
    }

    private static byte[] allBytes() {
        byte[] bytes = new byte[512];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    @Test
    void setThenGet_printsTheValueAndALineEnd() {
        Outcome set = run("set", "1", "Hello, Wörld!");
        Outcome get = run("get", "1");
        assertThat(set)
                .extracting(Outcome::exitCode, Outcome::text, Outcome::err)
                .containsExactly(0, "", "");
        assertThat(get)
                .extracting(Outcome::exitCode, Outcome::text, Outcome::err)
                .containsExactly(0, "Hello, Wörld!\n", "");
    }

    @Test
    void getOfMissingKey_exits1WithOneLineOnStderr() {
        assertThat(run("get", "7"))
                .extracting(Outcome::exitCode, Outcome::text, Outcome::err)
                .containsExactly(1, "", "kvdb: key 7 has no value\n");
    }

    @Test
    void removeTwice_exits0Then1() {
        run("set", "1", "x");
        assertThat(run("remove", "1").exitCode()).isZero();
        assertThat(server.has(1)).isFalse();
        assertThat(run("remove", "1"))
                .extracting(Outcome::exitCode, Outcome::err)
                .containsExactly(1, "kvdb: key 1 has no value\n");
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -5, -1, 0, 1, Long.MAX_VALUE})
    void anyKey_needsNoEscaping(long key) {
        String text = Long.toString(key);
        assertThat(run("set", text, "x").exitCode()).isZero();
        assertThat(run("get", text).text()).isEqualTo("x\n");
        assertThat(run("--json", "get", text).text()).contains("\"key\":\"" + key + "\"");
        assertThat(run("get", "--", text).exitCode()).isZero();
        assertThat(run("remove", text).exitCode()).isZero();
        assertThat(server.has(key)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-5", "--foo", "-x", "-json", "--", "-hello", "", " ", "${sys:user.home}", "a=b", "\"quoted\""})
    void setOfAnOddValue_storesItAsItIs(String value) {
        Outcome set = value.equals("--") ? run("set", "1", "--", value) : run("set", "1", value);
        assertThat(set.exitCode()).as(set.err()).isZero();
        assertThat(stored(1)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--json", "--help", "--literal", "-h"})
    void setOfAnOptionsName_afterTwoHyphens_storesIt(String value) {
        assertThat(run("set", "-5", "--", value).exitCode()).isZero();
        assertThat(stored(-5)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-", "@file", "@"})
    void setLiteral_storesTheNotationItself(String value) {
        assertThat(run("set", "--literal", "1", value).exitCode()).isZero();
        assertThat(stored(1)).isEqualTo(value);
        assertThat(run("set", "2", value, "--literal").exitCode()).isZero();
        assertThat(stored(2)).isEqualTo(value);
    }

    @Test
    void setFromStdin_getRaw_keepsAllByteValues() {
        assertThat(command().input(allBytes()).run("set", "1", "-").exitCode()).isZero();
        assertThat(server.value(1)).isEqualTo(allBytes());
        assertThat(run("get", "--raw", "1").out()).isEqualTo(allBytes());
        assertThat(command().outIsTerminal().run("get", "1", "--raw").out()).isEqualTo(allBytes());
    }

    @Test
    void setFromFile_keepsAllByteValues(@TempDir Path directory) throws IOException {
        Path file = Files.write(directory.resolve("value"), allBytes());
        assertThat(run("set", "1", "@" + file).exitCode()).isZero();
        assertThat(server.value(1)).isEqualTo(allBytes());
    }

    @Test
    void setFromMissingFile_exits1NamingItAndTheWayOut(@TempDir Path directory) {
        Outcome outcome = run("set", "1", "@" + directory.resolve("absent"));
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("absent").contains("--literal").hasLineCount(1);
        assertThat(server.has(1)).isFalse();
    }

    @Test
    void setOfLargeValue_fitsTheMessageLimit() {
        byte[] large = new byte[20 << 20];
        assertThat(command().input(large).run("set", "1", "-").exitCode()).isZero();
        assertThat(run("get", "1", "--raw").out()).hasSize(large.length);
    }

    @Test
    void getOfBinaryValue_toATerminal_isRefusedWithAWayOut() {
        command().input(allBytes()).run("set", "1", "-");
        Outcome outcome = command().outIsTerminal().run("get", "1");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).contains("--raw").contains("--json");
    }

    @Test
    void getOfText_toATerminal_isPrinted() {
        run("set", "1", "zwei\nZeilen ☃");
        assertThat(command().outIsTerminal().run("get", "1").text()).isEqualTo("zwei\nZeilen ☃\n");
    }

    @Test
    void json_ofSetGetRemove_isAsDocumented() {
        assertThat(run("set", "1", "hi", "--json").text())
                .isEqualTo("{\"key\":\"1\",\"version\":\"1\",\"replaced\":false}\n");
        assertThat(run("get", "1", "--json").text())
                .isEqualTo("{\"key\":\"1\",\"found\":true,\"version\":\"1\",\"size\":2,"
                        + "\"value\":\"aGk=\",\"text\":\"hi\"}\n");
        assertThat(run("--json", "remove", "1").text())
                .isEqualTo("{\"key\":\"1\",\"version\":\"2\",\"removed\":true}\n");
        assertThat(run("get", "1", "--json"))
                .extracting(Outcome::exitCode, Outcome::text)
                .containsExactly(1, "{\"key\":\"1\",\"found\":false}\n");
    }

    @Test
    void json_ofBytesThatAreNotUtf8_hasNoText() {
        command().input(new byte[] {(byte) 0xff}).run("set", "1", "-");
        assertThat(run("get", "1", "--json").text())
                .isEqualTo("{\"key\":\"1\",\"found\":true,\"version\":\"1\",\"size\":1,\"value\":\"/w==\"}\n");
    }

    @Test
    void json_ofTextWithSpecialCharacters_isEscaped() {
        run("set", "1", "a\"b\\c\n\t\u0001");
        assertThat(run("get", "1", "--json").text()).contains("\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\"}");
    }

    @Test
    void status_printsStateAndFigures() {
        Outcome outcome = run("status");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text())
                .contains("kvdb 1.2.3, up 1m 5s")
                .contains("disk-full: no space")
                .contains("18446744073709551615")
                .contains("4.0 KiB in 2 segments")
                .contains("2.0 KiB of 3.0 MiB, room for some 196,608 keys in all")
                .contains("7 bytes torn");
        assertThat(run("status", "--json").text())
                .contains("\"state\":\"disk-full\"")
                .contains("\"lastVersion\":\"18446744073709551615\"")
                .contains("\"diskFreeBytes\":1536")
                .contains("\"indexBytesMax\":3145728,\"keysForecast\":196608")
                .doesNotContain("writeAmplification");
    }

    @Test
    void gc_printsWhatWasDone() {
        assertThat(run("gc").text()).isEqualTo("collected 1 segment: reclaimed 2.0 KiB, copied 10 bytes, in 12 ms\n");
        assertThat(run("gc", "--dry-run").text())
                .isEqualTo("would collect 1 segment: reclaim 4.0 KiB, copy 10 bytes\n");
        assertThat(run("gc", "--json").text())
                .isEqualTo("{\"dryRun\":false,\"skipped\":false,\"segmentsCollected\":1,\"bytesCopied\":10,"
                        + "\"bytesReclaimed\":2048,\"durationMillis\":12}\n");
    }

    @Test
    void verifyOnline_printsTheServersReport_andExits1WhereSomethingIsWrong() {
        Outcome clean = run("verify", "--online", "--rate-max", "2");
        assertThat(clean.exitCode()).as(clean.err()).isZero();
        assertThat(clean.text())
                .contains("note: a note")
                .contains("database      " + server.address())
                .contains("2.0 KiB in 3 files")
                .contains("9 records, 4 keys")
                .contains("findings      none");

        Outcome damaged = run("verify", "--online", "--rate-max", "1");
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.text())
                .contains("wrong index: /data/0000000001.log at offset 128: the index has no entry for key 7");
        assertThat(damaged.err()).contains("1 finding in " + server.address()).contains("restart the server");
        assertThat(run("verify", "--online", "--rate-max", "1", "--json").text())
                .contains("\"clean\":false")
                .contains("\"kind\":\"index\",\"file\":\"/data/0000000001.log\",\"offset\":128")
                .contains("\"notes\":[\"a note\"]");
    }

    @Test
    void verifyOnline_thatIsRefusedOrBreaksOff_exits4() {
        Outcome refused = run("verify", "--online", "--rate-max", "3");
        assertThat(refused.exitCode()).isEqualTo(4);
        assertThat(refused.err()).contains("VERIFICATION_RUNNING");
        Outcome broken = run("verify", "--online", "--rate-max", "4");
        assertThat(broken.exitCode()).isEqualTo(4);
        assertThat(broken.err()).contains("before it was done");
    }

    @Test
    void serverOption_beforeOrAfterTheCommand_beatsTheVariable() {
        CommandRun elsewhere = new CommandRun().environment("KVDB_SERVER", "127.0.0.1:1");
        assertThat(elsewhere
                        .run("--server", "http://" + server.address(), "set", "1", "x")
                        .exitCode())
                .isZero();
        assertThat(elsewhere.run("get", "1", "--server", server.address()).text())
                .isEqualTo("x\n");
        assertThat(elsewhere
                        .run("--server", "127.0.0.1:1", "get", "--server=" + server.address(), "1")
                        .exitCode())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"256.1.1.1:5", "1.2.3:4", "my_host:1", "a..b", ".", "localhost:0"})
    void addressThatCannotBeCalled_isAUsageError(String address) {
        assertThat(run("get", "1", "--server", address))
                .satisfies(
                        outcome -> assertThat(outcome.exitCode()).isEqualTo(2),
                        outcome ->
                                assertThat(outcome.err()).contains("--server").contains("'" + address + "'"));
        assertThat(new CommandRun().environment("KVDB_SERVER", address).run("get", "1"))
                .satisfies(
                        outcome -> assertThat(outcome.exitCode()).isEqualTo(2),
                        outcome -> assertThat(outcome.err())
                                .contains("KVDB_SERVER")
                                .contains("'" + address + "'"));
    }

    @Test
    void valueOverTheTransportsLimit_isRefusedWithTheKeyToRaise() {
        Outcome outcome =
                command().input(new byte[FakeServer.MESSAGE_BYTES_MAX]).run("set", "1", "-");
        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err())
                .startsWith("kvdb: VALUE_TOO_LARGE: ")
                .contains("kvdb.storage.value-size-max")
                .hasLineCount(1);
    }

    @Test
    void serverThatRefusesOrFails_exits4WithTheReason() {
        Outcome readOnly = run("set", Long.toString(FakeServer.READ_ONLY_KEY), "x");
        assertThat(readOnly.exitCode()).isEqualTo(4);
        assertThat(readOnly.err()).isEqualTo("kvdb: READ_ONLY: the store is read-only\n");
        assertThat(run("get", Long.toString(FakeServer.DAMAGED_KEY)).err())
                .isEqualTo("kvdb: DAMAGED: damaged data in 7.log at offset 42\n");
        assertThat(run("get", Long.toString(FakeServer.SHUTTING_DOWN_KEY)).exitCode())
                .isEqualTo(4);
        assertThat(run("get", Long.toString(FakeServer.BARE_KEY)).err())
                .isEqualTo("kvdb: INTERNAL: the server replied INTERNAL\n");
    }

    @Test
    void failure_withJson_isOneLineOfJsonOnStderr() {
        assertThat(run("set", Long.toString(FakeServer.READ_ONLY_KEY), "x", "--json")
                        .err())
                .isEqualTo("{\"error\":{\"exitCode\":4,\"reason\":\"READ_ONLY\","
                        + "\"message\":\"READ_ONLY: the store is read-only\"}}\n");
    }

    @Test
    void brokenPipe_isQuiet() {
        run("set", "1", "x");
        assertThat(command().outFailsWith("Broken pipe").run("get", "1"))
                .extracting(Outcome::exitCode, Outcome::err)
                .containsExactly(141, "");
        assertThat(command().outFailsWith("Broken pipe").run("get", "--help"))
                .extracting(Outcome::exitCode, Outcome::err)
                .containsExactly(141, "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"get 1", "get 1 --raw", "status", "gc", "completion", "--help", "help get", "--version"})
    void resultThatCannotBeWritten_exits1WithTheReason(String line) {
        run("set", "1", "x");
        assertThat(command().outFailsWith("No space left on device").run(line.split(" ")))
                .extracting(Outcome::exitCode, Outcome::err)
                .containsExactly(1, "kvdb: cannot write to the standard output: No space left on device\n");
    }

    @Test
    void malformedVariable_isAUsageErrorNamingIt() {
        Outcome outcome = new CommandRun().environment("KVDB_SERVER", "::1").run("get", "1");
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("KVDB_SERVER").contains("[::1]:50051");
    }
}
