package dev.kvdb.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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

    private Scratch scratch;

    @BeforeEach
    void makeScratch() throws IOException {
        scratch = Scratch.in(directory);
    }

    @AfterEach
    void deleteScratch() throws IOException {
        scratch.close();
        assertThat(directory).isEmptyDirectory();
    }

    private ChildProcess children() {
        return new ChildProcess(scratch, "512m", List.of(), Duration.ofMinutes(20));
    }

    private static StatusLine silent() {
        return new StatusLine(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    }

    @Test
    void eachWorkload_ofEachStore_readsWhatItWrote_andTellsFigures() throws Exception {
        List<Case> cases = Suite.cases(Scale.QUICK, SEED, CACHE_BYTES);
        assertThat(Suite.words(cases)).containsExactlyElementsOf(Suite.WORDS);
        Runner runner = new Runner(scratch, children(), silent(), 1);

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
        assertThat(runner.measurements())
                .filteredOn(measurement -> measurement.outcome().figures().stream()
                        .anyMatch(figure -> figure.name().equals("write amplification, own count")))
                .allSatisfy(measurement -> assertThat(measurement.outcome().value("write amplification, own count"))
                        .as(measurement.peer())
                        .isGreaterThan(1))
                .extracting(Measurement::peer)
                .contains("kvdb", "kvdb-blocking", "rocksdb");
        assertThat(scratch.directory()).isEmptyDirectory();
        runner.measurements().forEach(BenchTest::assertCurves);
        assertPlotsAreDrawnOf(runner.measurements());
    }

    /** What is plotted is there, and agrees with the figures. */
    private static void assertCurves(Measurement measurement) {
        Map<String, List<Curve.Point>> curves =
                measurement.outcome().curves().stream().collect(Collectors.toMap(Curve::name, Curve::points));
        boolean updates = measurement.workload().startsWith("update");
        assertThat(curves.keySet())
                .as(measurement.workload())
                .containsExactlyInAnyOrderElementsOf(
                        updates
                                ? List.of("space under updates", "space while settling", "latency of puts")
                                : measurement.workload().startsWith("durable")
                                        ? List.of("latency of puts")
                                        : List.of());
        assertThat(curves.values())
                .allSatisfy(points -> assertThat(points)
                        .isNotEmpty()
                        .isSortedAccordingTo(Comparator.comparingDouble(Curve.Point::x))
                        .allSatisfy(point -> assertThat(point.y()).isPositive()));
        if (curves.containsKey("latency of puts")) {
            assertThat(curves.get("latency of puts"))
                    .isSortedAccordingTo(Comparator.comparingDouble(Curve.Point::y))
                    .contains(new Curve.Point(50, measurement.outcome().value(updates ? "put p50" : "p50")));
        }
        if (updates) {
            assertThat(measurement.outcome().value("space at the peak"))
                    .isGreaterThanOrEqualTo(curves.values().stream()
                            .filter(points -> !points.equals(curves.get("latency of puts")))
                            .flatMap(List::stream)
                            .mapToDouble(Curve.Point::y)
                            .max()
                            .orElse(0));
        }
    }

    private void assertPlotsAreDrawnOf(List<Measurement> measurements) throws Exception {
        Path json = scratch.directory().resolve("all.json");
        Path plots = scratch.directory().resolve("plots");
        Map<String, String> about = Map.of("kvdb", "1", "scale", "quick", "rounds", "1", "processor", "", "java", "");
        Files.writeString(json, new Report(about, measurements).json());

        python("src/bench/scripts/plots.py", "--bench", json.toString(), "--out", plots.toString());

        for (String name : List.of("latency", "throughput", "memory", "size")) {
            String svg = Files.readString(plots.resolve(name + ".svg"));
            assertThat(svg).as(name).endsWith("</svg>\n");
            assertThat(List.of("kvdb", "RocksDB", "LMDB", "MVStore"))
                    .as(name)
                    .allSatisfy(store -> assertThat(svg).contains(">" + store + "</text>"));
        }
    }

    @Test
    void scriptsThatPlot_passTheirTests() throws Exception {
        assertThat(python("-m", "unittest", "discover", "-s", "src/bench/scripts", "-p", "*_test.py"))
                .containsPattern("Ran [1-9]\\d* tests")
                .endsWith("OK\n");
    }

    /** What it wrote. It must end well. */
    private static String python(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-B"));
        command.addAll(List.of(words));
        Process python = new ProcessBuilder(command).redirectErrorStream(true).start();
        String written = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor()).as(written).isZero();
        return written;
    }

    @Test
    void percentiles_areToldAsFarAsTenOperationsAreBeyond() {
        Histogram nanos = new Histogram(5);
        for (int micros = 1; micros <= 10_000; micros++) {
            nanos.recordValue(micros * 1_000L);
        }
        assertThat(Curve.ofPercentiles("latency", nanos).points())
                .extracting(Curve.Point::x)
                .startsWith(0.0, 10.0, 25.0, 50.0)
                .endsWith(99.5, 99.75, 99.9);
        assertThat(Curve.ofPercentiles("latency", nanos).points())
                .filteredOn(point -> point.x() == 90 || point.x() == 99.9)
                .extracting(point -> Math.round(point.y()))
                .containsExactly(9_000L, 9_990L);

        Histogram one = new Histogram(3);
        one.recordValue(7_000);
        assertThat(Curve.ofPercentiles("latency", one).points())
                .extracting(Curve.Point::x)
                .containsExactly(0.0, 10.0, 25.0, 50.0);
    }

    @Test
    void curveOfManyPoints_keepsTheLargest() {
        List<Curve.Point> points = new ArrayList<>();
        for (int i = 0; i <= 10 * Curve.POINTS_MAX; i++) {
            points.add(new Curve.Point(i, i == 77 ? 500 : i % 10));
        }
        List<Curve.Point> kept = Curve.largestOf(points);
        assertThat(kept).hasSizeLessThanOrEqualTo(Curve.POINTS_MAX).contains(new Curve.Point(77, 500));
        assertThat(points).containsAll(kept);
        assertThat(kept).isSortedAccordingTo(Comparator.comparingDouble(Curve.Point::x));

        List<Curve.Point> few = points.subList(0, Curve.POINTS_MAX);
        assertThat(Curve.largestOf(few)).isEqualTo(few);
        assertThat(Curve.largestOf(List.of())).isEmpty();
    }

    @Test
    void sizesThatAreWatched_areTakenOnce_andTheLargestIsKept() throws Exception {
        AtomicLong bytes = new AtomicLong(100);
        try (SizeWatch size = SizeWatch.of(bytes::get)) {
            bytes.set(50);
            List<Curve.Point> first = size.take("first", 10).points();
            bytes.set(70);
            List<Curve.Point> second = size.take("second", 10).points();

            assertThat(first).extracting(Curve.Point::y).startsWith(10.0).endsWith(5.0);
            assertThat(second).extracting(Curve.Point::y).doesNotContain(10.0).endsWith(7.0);
            assertThat(second.get(0).x())
                    .isGreaterThanOrEqualTo(first.get(first.size() - 1).x());
            assertThat(size.largestBytes()).isEqualTo(100);
        }
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
                .with("directory", scratch.directory().resolve(peer.word()))
                .with("seed", SEED)
                .with("keys", KEYS)
                .with("value", 100)
                .with("dense", dense)
                .with("zipf", false)
                .with("killed", false)
                .with("quiet", 1_000_000)
                .with("settle", 1_000_000_000L)
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
    void report_dividesFiguresOfTheSameRound() {
        List<Measurement> measurements = List.of(
                measurement("kvdb", 1, rate(300)),
                measurement("rocksdb", 1, rate(50)),
                measurement("rocksdb", 2, rate(100)),
                measurement("kvdb", 2, rate(200)),
                measurement("kvdb", 3, rate(10)),
                measurement("rocksdb", 3, rate(900)),
                measurement("kvdb", 4, rate(7)));
        Report report = new Report(Map.of("seed", "1"), measurements);

        assertThat(report.markdown())
                .contains("| workload | figure | unit | kvdb | rocksdb |")
                .contains("| fill | rate | puts/s | 105 | 100 |")
                .contains("| workload | figure | kvdb / rocksdb |")
                .contains("| fill | rate | 2.00 (0.01 to 6.00) |");
        assertThat(report.json()).contains("\"kvdb / rocksdb\": {\n          \"median\": 2.0,");
    }

    @Test
    void report_dividesBothWaysOfUsingKvdb_andOnlyWhatIsComparable() {
        Figure latency = Figure.lower("p50", "us", 40);
        List<Measurement> measurements = List.of(
                measurement("kvdb", 1, rate(300), latency.comparable(false)),
                measurement("kvdb-blocking", 1, rate(150), latency.with("us", 10)),
                measurement("rocksdb", 1, rate(100), latency.with("us", 20)));

        assertThat(new Report(Map.of(), measurements).markdown())
                .contains("| workload | figure | kvdb / kvdb-blocking | kvdb / rocksdb | kvdb-blocking / rocksdb |")
                .contains("| fill | rate | 2.00 | 3.00 | 1.50 |")
                .contains("| fill | p50 (less is better) | us | 40.0 | 10.0 | 20.0 |")
                .contains("| fill | p50 (less is better) | - | - | 0.50 |");
    }

    private static Figure rate(double rate) {
        return Figure.higher("rate", "puts/s", rate);
    }

    private static Measurement measurement(String peer, int round, Figure... figures) {
        return new Measurement("fill", peer, round, new Outcome("defaults", 1, List.of(figures)));
    }

    @Test
    void eachRound_beginsWithAnotherStore() {
        List<PeerKind> peers = List.of(PeerKind.KVDB, PeerKind.ROCKSDB, PeerKind.LMDB);
        assertThat(Runner.turns(peers, 1)).isEqualTo(peers);
        assertThat(Runner.turns(peers, 2)).containsExactly(PeerKind.ROCKSDB, PeerKind.LMDB, PeerKind.KVDB);
        assertThat(Runner.turns(peers, 3)).containsExactly(PeerKind.LMDB, PeerKind.KVDB, PeerKind.ROCKSDB);
        assertThat(Runner.turns(peers, 4)).isEqualTo(peers);
    }

    @Test
    void signal_killsWhatRuns_deletesTheStores_andTellsTheResultsSoFar() throws Exception {
        Path place = Files.createDirectory(scratch.directory().resolve("place"));
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = new ArrayList<>(List.of(java.toString(), "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Bench.class.getName(), "fill-random", "--quick", "--rounds", "100000"));
        command.addAll(List.of("--heap", "512m", "--peers", "kvdb", "--dir", place.toString()));
        Process bench = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader = bench.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
                if (line.contains("| kvdb | 1 | rate ")) {
                    // Not the process itself, which would close the stream.
                    bench.toHandle().destroy();
                }
            }
        } finally {
            bench.destroyForcibly();
        }
        assertThat(bench.waitFor()).as("exit code after %s", lines).isEqualTo(128 + 15);
        assertThat(lines).anyMatch(line -> line.contains("stopped by a signal"));
        assertThat(lines).anyMatch(line -> line.startsWith("| workload | figure | unit | kvdb |"));
        assertThat(place).isEmptyDirectory();
    }

    @Test
    void wrongCommandLine_isExitCode2() {
        assertThat(exitCode("fill-randm")).isEqualTo(2);
        assertThat(exitCode("--peers", "kvdb,oracle")).isEqualTo(2);
        assertThat(exitCode("--only", "no such case")).isEqualTo(2);
        assertThat(exitCode("--only", "(")).isEqualTo(2);
        assertThat(exitCode("--quick", "--full")).isEqualTo(2);
        assertThat(exitCode("--full", "--huge")).isEqualTo(2);
        assertThat(exitCode("--quick", "--rounds", "0")).isEqualTo(2);
        Path absent = directory.resolve("absent");
        assertThat(exitCode("--quick", "--dir", absent.toString())).isEqualTo(2);
        assertThat(exitCode("--quick", "--json", absent.resolve("all.json").toString()))
                .isEqualTo(2);
        assertThat(exitCode("--quick", "--markdown", directory.toString())).isEqualTo(2);
    }

    private static int exitCode(String... args) {
        CommandLine line = new CommandLine(new Bench());
        line.setErr(new java.io.PrintWriter(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        return line.execute(args);
    }
}
