package dev.kvdb.cli;

import dev.kvdb.cli.bench.LoadResult;
import dev.kvdb.cli.bench.LoadRun;
import dev.kvdb.cli.bench.LoadSettings;
import dev.kvdb.cli.bench.Operation;
import dev.kvdb.cli.bench.OperationResult;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Puts a load on a server and tells how it took it. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Put a load on a running server and print how many calls it answers, and how fast.",
            "It writes to the server's database; see --first-key and --clean-up."
        },
        footerHeading = "%n",
        footer = {
            "With --rate the latency of a call counts from when it was meant to begin, so",
            "that a stall of the server shows in all calls that it holds up; a second line",
            "shows it from when the call was sent. Calls that fail are counted by reason,",
            "and make the exit code 4, or 5 where there was no reply; those that fail after",
            "100 ms or more, or after --timeout, count in the latencies.",
            "",
            "For example:",
            "  kvdb bench --preload --clean-up",
            "  kvdb bench --mix set=1 --concurrency 256 --duration 30s --clean-up",
            "  kvdb bench --preload --distribution zipf --rate 5000 --json",
            "The members of --json are described in docs/cli.md."
        })
final class BenchCommand extends ResultCommand {

    private static final Set<String> WITHOUT_REPLY = Set.of("TIMED_OUT", "CONNECTION_LOST", "UNREACHABLE");
    private static final Map<String, String> ADVICE = Map.of(
            "OVERLOADED",
            "OVERLOADED: the server's queues were full; lower --concurrency, or see its kvdb.limits",
            "DISK_FULL",
            "DISK_FULL: the server's disk is full; removes and 'kvdb gc' make room",
            "QUOTA_REACHED",
            "QUOTA_REACHED: the database has reached its kvdb.storage.quota; removes and 'kvdb gc' make room",
            "INDEX_FULL",
            "INDEX_FULL: the server has no memory for more keys; use fewer --keys, or see its kvdb.index.size-max",
            "READ_ONLY",
            "READ_ONLY: the server takes no writes; 'kvdb status' says why",
            "VALUE_TOO_LARGE",
            "VALUE_TOO_LARGE: values are over the server's kvdb.storage.value-size-max; lower --value-size",
            "UNREACHABLE",
            "UNREACHABLE: the server was gone, or took no connections",
            "TIMED_OUT",
            "TIMED_OUT: there was no reply within --timeout",
            "CONNECTION_LOST",
            "CONNECTION_LOST: connections broke before the replies; sets may have been applied",
            LoadResult.INTERRUPTED,
            "INTERRUPTED: under way when the run was stopped");
    private static final String CONTINUATION = "\n      ";

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    /** The server, where it is, and what it gets. */
    private record Target(ServerAddress address, String version, LoadSettings settings) {

        String description() {
            return "kvdb " + version + " at " + address;
        }
    }

    BenchCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        ClientOptions clientOptions = server.options(top().server(), ClientOptions.DEFAULTS);
        LoadSettings settings = options.settings(spec.commandLine(), clientOptions.timeoutMillis());
        ClientCommand.quietNetty();
        Target target;
        try (KvdbClient client = server.connect(terminal(), top().server(), ClientOptions.DEFAULTS)) {
            String version = client.status().getServerVersion();
            target = new Target(server.address(terminal(), top().server()), version, settings);
        }
        announce(target);
        try (LoadRun run = LoadRun.connect(target.address, clientOptions, settings);
                Interruption unused = new Interruption(run::stop)) {
            return bench(target, run);
        }
    }

    /** Says what will be written before anything is. */
    private void announce(Target target) {
        LoadSettings settings = target.settings;
        boolean sets = options.preload() || settings.mix().weight(Operation.SET) > 0;
        boolean removes = settings.mix().weight(Operation.REMOVE) > 0;
        if (json()) {
            JsonObject plan = new JsonObject()
                    .put("server", target.address.toString())
                    .put("sets", sets)
                    .put("removes", removes)
                    .putExact("firstKey", settings.firstKey())
                    .putExact("lastKey", settings.lastKey())
                    .put("cleanUp", options.cleanUp());
            terminal().err().println(new JsonObject().put("plan", plan));
            return;
        }
        String what = sets && removes ? "sets and removes" : sets ? "sets" : removes ? "removes" : "only reads";
        String keys = "keys " + settings.firstKey() + " to " + settings.lastKey();
        String values = sets ? ", to values of " + BenchText.sizes(settings) : "";
        String after = "";
        if (sets) {
            after = options.cleanUp()
                    ? CONTINUATION + "What it sets is removed at the end."
                    : CONTINUATION + "What it sets stays there; see --clean-up.";
        }
        terminal().message("bench " + what + " " + keys + " at " + target.address + values + after);
    }

    /** Reports each failure itself: closing the {@link Interruption} does not return where a signal came. */
    private int bench(Target target, LoadRun run) {
        try {
            return loadAndReport(target, run);
        } catch (RuntimeException e) {
            return report(FailureReport.of(e, spec.commandLine()), run);
        }
    }

    private int loadAndReport(Target target, LoadRun run) {
        JsonObject object = new JsonObject()
                .put("server", target.address.toString())
                .put("serverVersion", target.version)
                .put("settings", BenchJson.settings(target.settings));
        LoadResult result = null;
        try {
            if (options.preload()) {
                object.put("preloaded", preload(target.settings, run));
            }
            result = run.isStopped() ? null : load(target.settings, run);
        } catch (RuntimeException e) {
            int exitCode = report(FailureReport.of(e, spec.commandLine()), run);
            if (options.cleanUp()) {
                int unused = cleanUp(target.settings, run, object);
            }
            return exitCode;
        }
        if (result == null) {
            object.put("interrupted", true);
        } else {
            BenchJson.addResults(object, target.settings, result, options.histograms());
        }
        if (!json()) {
            // Before the clean-up, which may take long.
            print(target, result);
        }
        int exitCode = result == null ? ExitCode.OK : exitCode(result);
        int cleanUpCode = options.cleanUp() ? cleanUp(target.settings, run, object) : ExitCode.OK;
        if (json()) {
            terminal().printLine(object.toString());
        }
        return exitCode == ExitCode.OK ? cleanUpCode : exitCode;
    }

    /** Prints the failure. That there is no connection any more does not mean that nothing was written before. */
    private int report(FailureReport report, LoadRun run) {
        boolean isLater = report.exitCode() == ExitCode.UNREACHABLE && run.hasWritten();
        return (isLater ? report.withExitCode(ExitCode.NO_REPLY) : report).print(terminal());
    }

    private long preload(LoadSettings settings, LoadRun run) {
        try (BenchProgress progress = progress(settings)) {
            return run.preload(done -> progress.bulk("preload", done));
        }
    }

    private LoadResult load(LoadSettings settings, LoadRun run) {
        try (BenchProgress progress = progress(settings)) {
            return run.run(progress.isShown() ? progress::load : null);
        }
    }

    /** Removes what was set, and returns the exit code for that. */
    private int cleanUp(LoadSettings settings, LoadRun run, JsonObject object) {
        long removed;
        try (BenchProgress progress = progress(settings)) {
            removed = run.cleanUp(done -> progress.bulk("clean up", done));
        } catch (RuntimeException e) {
            FailureReport failure = FailureReport.of(e, spec.commandLine());
            return report(failure.withMessage(leftBehind(settings) + CONTINUATION + failure.message()), run);
        }
        object.put("cleanedUp", removed);
        if (!json()) {
            terminal().message("removed " + Text.count(removed, "key"));
        }
        return ExitCode.OK;
    }

    private static String leftBehind(LoadSettings settings) {
        return "the clean-up failed; what was set here may be left at keys " + settings.firstKey() + " to "
                + settings.lastKey() + CONTINUATION + "Remove it later with 'kvdb bench --first-key "
                + settings.firstKey() + " --keys " + settings.keys() + " --preload --count 1 --clean-up'.";
    }

    private BenchProgress progress(LoadSettings settings) {
        return new BenchProgress(terminal(), settings, options.progress());
    }

    private void print(Target target, @Nullable LoadResult result) {
        if (result == null) {
            terminal().message("interrupted before the load began");
            return;
        }
        terminal().printLine(BenchText.table(target.description(), target.settings, result));
        Map<String, Long> errors = result.errors();
        if (result.failed() > 0) {
            String reasons = errors.keySet().stream()
                    .sorted()
                    .map(reason -> CONTINUATION + ADVICE.getOrDefault(reason, reason))
                    .collect(Collectors.joining());
            terminal()
                    .message(String.format(
                            Locale.ROOT,
                            "%,d of %s failed%s",
                            result.failed(),
                            Text.count(result.ok() + result.failed(), "call"),
                            reasons));
        }
        if (result.notSent() > 0) {
            terminal()
                    .message(Text.count(result.notSent(), "call") + " could not be sent in time: the server, or this "
                            + "client, does not keep up with --rate" + CONTINUATION
                            + "They count in the latencies, as long as they have waited.");
        }
        if (result.verified().wrong() > 0) {
            terminal()
                    .message(Text.count(result.verified().wrong(), "read") + " got what cannot be: "
                            + result.verified().firstWrong());
        }
        OperationResult gets = result.operations().get(Operation.GET);
        if (gets != null && gets.ok() > 0 && gets.hits() == 0) {
            terminal().message("no get found a value; set the keys before with --preload");
        }
    }

    private static int exitCode(LoadResult result) {
        if (result.verified().wrong() > 0) {
            return ExitCode.FAILED;
        }
        List<String> failures = result.errors().keySet().stream()
                .filter(reason -> !reason.equals(LoadResult.INTERRUPTED))
                .toList();
        if (failures.stream().anyMatch(WITHOUT_REPLY::contains)) {
            return ExitCode.NO_REPLY;
        }
        return failures.isEmpty() ? ExitCode.OK : ExitCode.SERVER_FAILED;
    }
}
