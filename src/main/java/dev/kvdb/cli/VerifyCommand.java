package dev.kvdb.cli;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.engine.StoreVerification;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.recovery.VerificationReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Checks all of a database, that of a directory or that of a server, and changes nothing. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = {
            "Check every byte of a database that no server has open, or, with --online, of the one that a server has",
            "open. Changes nothing."
        },
        footerHeading = "%n",
        footer = {
            "Checks manifest, segments, hints and index snapshot: each record and its value",
            "by their checksums, and what the files say of one another. The end of a log",
            "that a crash tore is noted, and is no damage.",
            "",
            "Exits with 1 where anything is wrong, after a line for each finding with its",
            "file and offset.",
            "The members of --json are described in docs/cli.md."
        })
final class VerifyCommand extends ResultCommand {

    private static final long NO_TIMEOUT_MILLIS = Duration.ofDays(365).toMillis();

    @Mixin
    private final DatabaseDirectory directory = new DatabaseDirectory();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Option(names = "--online", description = "Have a server check the database that it serves, beside its other work.")
    private boolean online;

    @Option(
            names = "--rate-max",
            paramLabel = "SIZE",
            converter = Converters.Size.class,
            description = {
                "With --online: how much the server reads a second, for example 8MiB; 0 for no limit.",
                "Default: the server's kvdb.verify.rate-max."
            })
    private @Nullable Long rateMax;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    VerifyCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        return online ? verifyOnline() : verifyOffline();
    }

    private int verifyOffline() {
        if (server.isGiven() || top().server().isGiven() || rateMax != null) {
            throw new ParameterException(
                    spec.commandLine(), "--server, --timeout and --rate-max are for --online, which is missing");
        }
        Path path = directory.path(terminal());
        DatabaseDirectory.requireNoFile(path);
        DatabaseDirectory.requireExists(path);
        VerificationReport report;
        try (VerificationBar bar = new VerificationBar(terminal(), "verify")) {
            report = new StoreVerification(Environment.system()).run(path, bar);
        } catch (StoreException e) {
            throw DatabaseDirectory.explained(path, e);
        }
        return VerificationText.print(terminal(), json(), path.toString(), report);
    }

    private int verifyOnline() {
        if (directory.isGiven()) {
            throw new ParameterException(
                    spec.commandLine(), "--online checks the database that a server has open, so there is no DB_PATH");
        }
        ClientCommand.quietNetty();
        ClientOptions defaults = ClientOptions.DEFAULTS.withTimeoutMillis(NO_TIMEOUT_MILLIS);
        OptionalLong rate = rateMax == null ? OptionalLong.empty() : OptionalLong.of(rateMax);
        VerificationReport report;
        try (KvdbClient client = server.connect(terminal(), top().server(), defaults);
                VerificationBar bar = new VerificationBar(terminal(), "verify")) {
            report = OnlineVerification.run(client, rate, bar);
        }
        return VerificationText.print(
                terminal(), json(), server.address(terminal(), top().server()).toString(), report);
    }
}
