package dev.kvdb.bench;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The program. */
@Command(
        name = "kvdb-bench",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        description = {
            "Measures kvdb's engine beside RocksDB, LMDB and MVStore, in turn, each time in a process of its own,"
                    + " and prints medians and ratios as a Markdown table.",
            "Every value that is read is compared with what was written; a wrong one ends the run."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            " 0:done",
            " 1:a measurement failed, or a store returned a wrong value, or a file could not be used",
            " 2:the command line is wrong, or names what cannot be used",
            " 130, 143:stopped by Ctrl-C or SIGTERM; the results so far are printed, the stores deleted"
        })
public final class Bench implements Callable<Integer> {

    private static final long MIB = 1 << 20;
    private static final int FAILED = 1;
    /** What a store has been seen to take at most, as a multiple of its data: under updates, while filled, closed. */
    private static final int SPACE_UPDATED = 25;

    private static final int SPACE_FILLED = 12;
    private static final int SPACE_CLOSED = 3;

    @Parameters(
            paramLabel = "WORKLOAD",
            arity = "0..*",
            description = "What to measure; everything where none is named: machine, fill-sequential, fill-random,"
                    + " durable, read-uniform, read-zipf, update, update-zipf, open, memory.")
    private List<String> workloads = new ArrayList<>();

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "Of these, only what has such a text in its name, for example '16 writers'.")
    private @Nullable String only;

    @Option(
            names = "--peers",
            paramLabel = "NAME",
            split = ",",
            description = "The stores, in their order: kvdb, kvdb-blocking (each put waits for its"
                    + " acknowledgement), rocksdb, lmdb, mvstore. Default: all.")
    private List<String> peers =
            Arrays.stream(PeerKind.values()).map(PeerKind::word).toList();

    @Option(names = "--rounds", paramLabel = "N", description = "How often each is measured. Default: 3.")
    private int rounds = 3;

    @Option(names = "--quick", description = "Tiny stores: shows that all works; the figures mean nothing.")
    private boolean quick;

    @Option(names = "--full", description = "The full size: hours, and tens of gigabytes. Default: a tenth of it.")
    private boolean full;

    @Option(
            names = "--huge",
            description = "Stores of 100M keys with values of 8 bytes: fills, reads, opens and memory only.")
    private boolean huge;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Where the stores are made, in a directory that is deleted at the end. Default: the"
                    + " directory for temporary files.")
    private Path parent = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to this file.")
    private @Nullable Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Write the table to this file, too.")
    private @Nullable Path markdown;

    @Option(names = "--seed", paramLabel = "N", description = "Chooses keys and values. Default: 1.")
    private long seed = 1;

    @Option(names = "--cache", paramLabel = "MIB", description = "The stores' caches, in MiB. Default: 256.")
    private int cacheMib = 256;

    @Option(names = "--heap", paramLabel = "SIZE", description = "The heap of each process. Default: 4g.")
    private String heap = "4g";

    @Option(names = "--limit", paramLabel = "MINUTES", description = "A process may take so long. Default: 60.")
    private int limitMinutes = 60;

    @Option(
            names = "--jvm-option",
            paramLabel = "OPTION",
            description = "An option of each process's JVM, for example -XX:+UseParallelGC. May be repeated.")
    private List<String> jvmOptions = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    /** Runs the program and ends the process with its exit code. */
    public static void main(String... args) {
        System.exit(new CommandLine(new Bench())
                .setUsageHelpAutoWidth(true)
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    line.getErr().println("kvdb-bench: " + e);
                    for (Throwable suppressed : e.getSuppressed()) {
                        line.getErr().println("kvdb-bench: " + suppressed);
                    }
                    return FAILED;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Scale scale = scale();
        List<PeerKind> chosenPeers = chosenPeers();
        List<Case> cases = chosenCases(scale);
        if (rounds < 1 || cacheMib < 1 || limitMinutes < 1) {
            throw usage("--rounds, --cache and --limit take 1 or more");
        }
        requireWritable("--json", json);
        requireWritable("--markdown", markdown);
        requireSpace(cases, chosenPeers);
        try (Scratch scratch = Scratch.in(parent)) {
            return measure(scratch, scale, cases, chosenPeers);
        }
    }

    private int measure(Scratch scratch, Scale scale, List<Case> cases, List<PeerKind> chosenPeers) throws Exception {
        Map<String, String> about = about(scale, scratch.directory());
        about.forEach((name, value) -> System.err.println(name + ": " + value));
        Runner runner = new Runner(
                scratch,
                new ChildProcess(scratch, heap, jvmOptions, Duration.ofMinutes(limitMinutes)),
                new StatusLine(System.err),
                rounds);
        try {
            runner.run(cases, chosenPeers);
            return 0;
        } catch (MeasurementFailedException | IOException e) {
            System.err.println("\nkvdb-bench: "
                    + (scratch.isEnding()
                            ? "stopped by a signal; the results so far follow"
                            : e instanceof MeasurementFailedException ? e.getMessage() : e.toString()));
            return FAILED;
        } finally {
            publish(new Report(about, runner.measurements()));
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private Scale scale() {
        if ((quick ? 1 : 0) + (full ? 1 : 0) + (huge ? 1 : 0) > 1) {
            throw usage("--quick, --full and --huge exclude one another");
        }
        return quick ? Scale.QUICK : full ? Scale.FULL : huge ? Scale.HUGE : Scale.TENTH;
    }

    private List<PeerKind> chosenPeers() {
        try {
            return peers.stream().map(PeerKind::ofWord).distinct().toList();
        } catch (IllegalArgumentException e) {
            throw usage("--peers: " + e.getMessage());
        }
    }

    private List<Case> chosenCases(Scale scale) {
        for (String word : workloads) {
            if (!Suite.WORDS.contains(word)) {
                throw usage("there is no workload '" + word + "'; there are " + String.join(", ", Suite.WORDS));
            }
        }
        List<Case> cases;
        try {
            Pattern pattern = Pattern.compile(only == null ? "" : only);
            cases = Suite.cases(scale, seed, cacheMib * MIB).stream()
                    .filter(one -> workloads.isEmpty() || workloads.contains(one.word()))
                    .filter(one -> pattern.matcher(one.name()).find())
                    .toList();
        } catch (PatternSyntaxException e) {
            throw usage("--only: " + e.getDescription() + " in '" + only + "'");
        }
        if (cases.isEmpty()) {
            throw usage("--only '" + only + "' leaves nothing to measure");
        }
        return cases;
    }

    /** A path that cannot be written is to be known before hours of measuring. */
    private void requireWritable(String option, @Nullable Path file) {
        if (file != null) {
            try {
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                        .close();
            } catch (IOException e) {
                throw usage(option + ": '" + file + "' cannot be written: " + e);
            }
        }
    }

    private void requireSpace(List<Case> cases, List<PeerKind> chosenPeers) throws IOException {
        if (!Files.isDirectory(parent)) {
            throw usage("--dir: there is no directory '" + parent + "'");
        }
        long needed = cases.stream()
                .mapToLong(one -> spaceNeeded(one, chosenPeers.size()))
                .max()
                .orElse(0);
        long usable = Files.getFileStore(parent).getUsableSpace();
        if (usable < needed) {
            throw usage("the stores may need " + needed / MIB + " MiB, and " + parent + " has room for " + usable / MIB
                    + " MiB: name another directory with --dir, or fewer stores with --peers");
        }
        String type = Files.getFileStore(parent).type();
        if (type.equals("tmpfs") || type.equals("ramfs")) {
            System.err.println("warning: " + parent + " is in memory (" + type
                    + "): syncs and written bytes mean nothing there; name a disk with --dir");
        }
    }

    private static long spaceNeeded(Case one, int peerCount) {
        long data = one.dataBytes();
        return switch (one.setup()) {
            case EMPTY -> data * (one.workload() == Workload.UPDATE ? SPACE_UPDATED : SPACE_FILLED);
            case LOADED, COPY -> data * (SPACE_CLOSED * peerCount + SPACE_FILLED);
        };
    }

    private Map<String, String> about(Scale scale, Path directory) throws IOException {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("kvdb", Version.ofBuild());
        about.put("scale", scale.name());
        about.put("rounds", Integer.toString(rounds));
        about.put("seed", Long.toString(seed));
        about.put("heap of each process", heap);
        about.put("JVM options", String.join(" ", PeerKind.JVM_OPTIONS));
        about.put("and where memory is measured", String.join(" ", ChildProcess.FRUGAL));
        about.put("further JVM options", jvmOptions.isEmpty() ? "none" : String.join(" ", jvmOptions));
        about.putAll(Host.describe(directory));
        return about;
    }

    private void publish(Report report) throws IOException {
        if (report.measurements().isEmpty()) {
            return;
        }
        System.out.println(report.markdown());
        if (markdown != null) {
            Files.writeString(markdown, report.markdown());
        }
        if (json != null) {
            Files.writeString(json, report.json());
        }
    }
}
