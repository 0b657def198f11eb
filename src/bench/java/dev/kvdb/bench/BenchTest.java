package dev.kvdb.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Each workload with each store, tiny; and that what is wrong ends the run. */
class BenchTest {

    private static final long SEED = 1;
    private static final long CACHE_BYTES = 16 << 20;
    private static final int KEYS = 1_000;

    @TempDir
    @SuppressWarnings("NullAway.Init") // by JUnit
    Path directory;

    private ChildProcess children() {
        return new ChildProcess(directory.resolve("tmp"), "512m", List.of(), Duration.ofMinutes(20));
    }

    private static StatusLine silent() {
        return new StatusLine(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    }

    @Test
    void eachWorkload_ofEachStore_readsWhatItWrote_andTellsFigures() throws Exception {
        List<Case> cases = Suite.cases(Scale.QUICK, SEED, CACHE_BYTES);
        assertThat(Suite.words(cases)).containsExactlyElementsOf(Suite.WORDS);
        Runner runner = new Runner(directory, children(), silent(), 1);

        runner.run(cases, List.of(PeerKind.values()));

        Map<String, Set<String>> measured = runner.measurements().stream()
                .collect(Collectors.groupingBy(
                        Measurement::workload,
                        Collectors.mapping(Measurement::peer, Collectors.toCollection(LinkedHashSet::new))));
        for (Case one : cases) {
            List<String> expected = one.peers().isEmpty()
                    ? List.of(Runner.MACHINE)
                    : one.peers().stream().map(PeerKind::word).toList();
            assertThat(measured.get(one.name())).as(one.name()).containsExactlyElementsOf(expected);
        }
        assertThat(runner.measurements()).allSatisfy(measurement -> {
            assertThat(measurement.outcome().figures())
                    .isNotEmpty()
                    .allSatisfy(figure -> assertThat(figure.value()).isFinite());
            if (!measurement.peer().equals(Runner.MACHINE)) {
                assertThat(measurement.outcome().checked()).isPositive();
            }
        });
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void storeThatReturnsAnotherValue_failsTheMeasurement_whateverTheStore() throws Exception {
        for (PeerKind peer : PeerKind.values()) {
            // Dense keys are the same whatever the seed, and values are not.
            Parameters parameters = parameters(peer, true);
            children().run(parameters.with("workload", "load"), share -> {});

            Parameters other = parameters.with("workload", "read").with("seed", SEED + 1);
            assertThatThrownBy(() -> children().run(other, share -> {}))
                    .as(peer.word())
                    .isInstanceOf(MeasurementFailedException.class)
                    .hasMessageContaining("the store returned 100 bytes")
                    .hasMessageContaining("which is not what was written");
            children().run(parameters.with("workload", "read"), share -> {});
        }
    }

    @Test
    void storeThatLostItsKeys_failsTheMeasurement() throws Exception {
        Parameters parameters = parameters(PeerKind.KVDB, false);
        children().run(parameters.with("workload", "load"), share -> {});

        Parameters other = parameters.with("workload", "open").with("seed", SEED + 1);
        assertThatThrownBy(() -> children().run(other, share -> {}))
                .isInstanceOf(MeasurementFailedException.class)
                .hasMessageContaining("the store returned nothing");
    }

    private Parameters parameters(PeerKind peer, boolean dense) {
        return Parameters.none()
                .with("peer", peer.word())
                .with("directory", directory.resolve(peer.word()))
                .with("seed", SEED)
                .with("keys", KEYS)
                .with("value", 100)
                .with("dense", dense)
                .with("zipf", false)
                .with("killed", false)
                .with("cache", CACHE_BYTES)
                .with("threads", 1)
                .with("checked", KEYS)
                .with("warmup", 0)
                .with("measured", 1_000_000);
    }

    @Test
    void value_isToldFromEveryOther_byAnyByte() {
        Values values = new Values(SEED, 100);
        byte[] value = values.make(7, 3);
        assertThat(values.matches(7, 3, value)).isTrue();
        assertThat(values.matches(7, 2, value)).isFalse();
        assertThat(values.matches(8, 3, value)).isFalse();
        assertThat(values.matches(7, 3, null)).isFalse();
        assertThat(values.matches(7, 3, Arrays.copyOf(value, 99))).isFalse();
        for (int i = 0; i < value.length; i++) {
            value[i] ^= 1;
            assertThat(values.matches(7, 3, value)).as("byte " + i).isFalse();
            value[i] ^= 1;
        }
    }

    @Test
    void report_dividesMedians() {
        List<Measurement> measurements = List.of(
                measurement("kvdb", 1, 300),
                measurement("rocksdb", 1, 50),
                measurement("kvdb", 2, 200),
                measurement("rocksdb", 2, 100),
                measurement("kvdb", 3, 1),
                measurement("rocksdb", 3, 900));
        Report report = new Report(Map.of("seed", "1"), measurements);

        assertThat(report.markdown())
                .contains("| workload | figure | unit | kvdb | rocksdb | kvdb / rocksdb |")
                .contains("| fill | rate | puts/s | 200 | 100 | 2.00 |");
        assertThat(report.json()).contains("\"rocksdb\": 2.0");
    }

    private static Measurement measurement(String peer, int round, double rate) {
        return new Measurement(
                "fill", peer, round, new Outcome("defaults", 1, List.of(Figure.higher("rate", "puts/s", rate))));
    }

    @Test
    void wrongCommandLine_isExitCode2() {
        assertThat(exitCode("fill-randm")).isEqualTo(2);
        assertThat(exitCode("--peers", "kvdb,oracle")).isEqualTo(2);
        assertThat(exitCode("--only", "no such case")).isEqualTo(2);
        assertThat(exitCode("--only", "(")).isEqualTo(2);
        assertThat(exitCode("--quick", "--full")).isEqualTo(2);
        assertThat(exitCode("--quick", "--rounds", "0")).isEqualTo(2);
        assertThat(exitCode("--quick", "--dir", directory.resolve("absent").toString()))
                .isEqualTo(2);
    }

    private static int exitCode(String... args) {
        CommandLine line = new CommandLine(new Bench());
        line.setErr(new java.io.PrintWriter(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        return line.execute(args);
    }
}
