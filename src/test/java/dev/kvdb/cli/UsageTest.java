package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.cli.CommandRun.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class UsageTest {

    /** Picocli breaks longer lines wherever it has to. */
    private static final int FOOTER_COLUMNS_MAX = 78;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "get",
                "get x",
                "get 1.5",
                "get 0x1",
                "get 1_000",
                "get 9223372036854775808",
                "get -9223372036854775809",
                "get --jsn 1",
                "get 1 2",
                "get 1 --jsn",
                "set 1",
                "set x y",
                "set 1 a b",
                "remove",
                "status now",
                "gc --dry",
                "bench now",
                "bench --mx get=1",
                "bench --rate x",
                "frobnicate",
                "--server localhost:1",
                "--server",
                "get 1 --server localhost:99999",
                "get 1 --server https://localhost",
                "get 1 --timeout 5",
                "get 1 --timeout 0s",
                "get 1 --timeout soon",
                "serve nowhere:x",
                "serve localhost:1 dir more",
                "serve -D =x",
                "serve -D x",
                "import",
                "import f --byte-order middle",
                "export",
                "export f --byte-order auto",
                "export f --value-bytes-max lots",
                "export f --value-bytes-max 257MiB",
                "import f --value-bytes-max 999999999999GiB",
                "export f --byte-order middle",
                "verify a b",
                "verify --online a",
                "verify --server localhost:1",
                "--server localhost:1 verify",
                "--timeout 5s verify",
                "--server localhost:1 repair --accept-loss",
                "--server localhost:1 import f",
                "--server localhost:1 export f",
                "--server localhost:1 serve",
                "--timeout 5s serve",
                "--server localhost:1 completion",
                "verify --rate-max 5 a",
                "verify --online --rate-max x",
                "verify --jsn a",
                "verify --jsn",
                "verify --server x db",
                "export --littel-endian",
                "export --littel-endian db",
                "export f --db",
                "import --dryrun v16 data",
                "import -n v16",
                "serve --port 1",
                "serve localhost:1 --data",
                "status --now",
            })
    void wrongCommandLine_exits2WithAMessageOnStderrOnly(String line) {
        Outcome outcome = new CommandRun().run(line.split(" "));
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith("kvdb: ").hasLineCount(2).doesNotContain("\tat ");
        Outcome json = new CommandRun().run((line + " --json").split(" "));
        assertThat(json.exitCode()).as(json.err()).isEqualTo(2);
        assertThat(json.err())
                .startsWith("{\"error\":{\"exitCode\":2,\"message\":\"")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "frobnicate, 'frobnicate' is not a command",
        "set 1 a b, unexpected argument 'b'; put a value that contains spaces in quotes",
        "gc now, unexpected argument 'now'",
        "get x, KEY: 'x' is not a key",
        "serve -D x, -D",
        "get 1 --timeout 5, --timeout",
        "import f --byte-order middle, --byte-order",
        "export f --byte-order middle, 'middle' is not a byte order",
        "export --littel-endian, unknown option '--littel-endian'",
        "import --dryrun v16 data, unknown option '--dryrun'",
        "import --dryrun v16 data, Did you mean '--dry-run'",
        "serve localhost:1 --data, unknown option '--data'",
        "--server localhost:1 repair --accept-loss, 'kvdb repair' calls no server",
        "export f --value-bytes-max 1GiB, '1GiB' is over 256.0 MiB",
    })
    void wrongCommandLine_isAnsweredWithWhatIsWrong(String line, String text) {
        assertThat(new CommandRun().run(line.split(" ")).err()).contains(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"export -- --x", "export ./--x", "export -"})
    void fileWhoseNameBeginsWithAHyphen_isAcceptedAfterTwoOfThemOrWithItsDirectory(
            String line, @TempDir Path directory) {
        String absent = directory.resolve("absent").toString();
        Outcome outcome = new CommandRun().run((line + " " + absent).split(" "));
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("there is no database in " + absent);
    }

    @Test
    void footers_areNotWiderThanATerminal() {
        picocli.CommandLine line = new CommandLineProgram(Terminal.ofProcess()).commandLine("help");
        assertThat(line.getSubcommands()).hasSizeGreaterThan(9);
        line.getSubcommands()
                .forEach((name, command) -> assertThat(
                                command.getCommandSpec().usageMessage().footer())
                        .as(name)
                        .allSatisfy(text -> assertThat(text).hasSizeLessThanOrEqualTo(FOOTER_COLUMNS_MAX)));
    }

    @Test
    void keyOutOfRange_isNamedWithTheRange() {
        assertThat(new CommandRun().run("get", "9223372036854775808").err())
                .contains("key 9223372036854775808 is out of range")
                .contains("-9223372036854775808 to 9223372036854775807");
    }

    @Test
    void misspelledCommand_isAnsweredWithASuggestion() {
        assertThat(new CommandRun().run("gett", "1").err()).contains("kvdb get");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "serve",
                "set",
                "get",
                "remove",
                "status",
                "gc",
                "bench",
                "import",
                "export",
                "verify",
                "repair",
                "completion"
            })
    void help_ofEachCommand_exits0OnStdout(String command) {
        Outcome outcome = new CommandRun().run(command, "--help");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text()).startsWith("Usage: kvdb " + command).doesNotContain("null");
        assertThat(outcome.err()).isEmpty();
        assertThat(new CommandRun().run("help", command).text()).isEqualTo(outcome.text());
        assertThat(new CommandRun().run("--server", "x", command, "--help").text())
                .isEqualTo(outcome.text());
        assertThat(new CommandRun().run("--server", "x", "help", command).text())
                .isEqualTo(outcome.text());
        assertThat(new CommandRun().run("--server", "x", "--help", command).exitCode())
                .isZero();
    }

    @Test
    void help_listsEachCommandAndTheExitCodes() {
        String help = new CommandRun().run("--help").text();
        assertThat(help)
                .contains(
                        "serve",
                        "set",
                        "get",
                        "remove",
                        "status",
                        "gc",
                        "bench",
                        "import",
                        "export",
                        "verify",
                        "repair",
                        "completion")
                .contains("Exit codes:", "141", "--server", "--timeout", "--json");
    }

    @Test
    void version_namesTheBuildAndJava() {
        Outcome outcome = new CommandRun().run("--version");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text())
                .matches("kvdb [0-9]+\\.[0-9]+\\.[0-9]+\\S* \\(Java "
                        + Runtime.version().feature() + "[^)]*\\)\\R");
    }

    @Test
    void completion_namesEachCommandAndOption() {
        Outcome outcome = new CommandRun().run("completion");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text())
                .contains("complete", "serve", "completion", "--dry-run", "--byte-order", "--clean-up");
    }

    @ParameterizedTest
    @CsvSource({"500ms, PT0.5S", "5s, PT5S", "2m, PT2M", "1h, PT1H"})
    void duration_withUnit_isAccepted(String text, Duration duration) {
        assertThat(Converters.duration(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "17, 17", "17B, 17", "1KiB, 1024", "16MiB, 16777216", "2GiB, 2147483648"})
    void size_withOrWithoutUnit_isAccepted(String text, long bytes) {
        assertThat(Converters.size(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1MB", "1.5MiB", "MiB", "999999999999GiB"})
    void size_ofAnotherForm_isRefused(String text) {
        assertThatThrownBy(() -> Converters.size(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void serve_withArguments_overridesTheConfiguration() {
        ServeCommand serve = new ServeCommand(() -> {});
        new picocli.CommandLine(serve)
                .registerConverter(dev.kvdb.client.ServerAddress.class, Converters::serverAddress)
                .parseArgs("-D", "quarkus.http.port=0", "[::1]:50051", "./my_database");
        assertThat(serve.configuration())
                .containsAllEntriesOf(Map.of(
                        "quarkus.grpc.server.host", "::1",
                        "quarkus.grpc.server.port", "50051",
                        "kvdb.data-directory", "./my_database",
                        "quarkus.http.port", "0"));
    }

    @Test
    void serve_withoutArguments_leavesTheConfigurationAlone() {
        assertThat(new ServeCommand(() -> {}).configuration()).containsOnlyKeys("java.util.logging.manager");
    }

    @ParameterizedTest
    @CsvSource({"0, 0 bytes", "1, 1 byte", "1023, 1023 bytes", "1024, 1.0 KiB", "1048575, 1.0 MiB", "1572864, 1.5 MiB"})
    void bytes_areScaled(long count, String text) {
        assertThat(Text.bytes(count)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 ms", "999, 999 ms", "1500, 1.5 s", "65000, 1m 5s", "7500000, 2h 5m", "90000000, 1d 1h"})
    void millis_areScaled(long millis, String text) {
        assertThat(Text.millis(millis)).isEqualTo(text);
    }
}
