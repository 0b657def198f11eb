package dev.kvdb.cli;

import dev.kvdb.engine.RepairReport;
import dev.kvdb.engine.StoreRepair;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.StoreException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Repairs a database that no server has open. */
@Command(
        name = "repair",
        mixinStandardHelpOptions = true,
        description = "Repair a damaged database that no server has open.",
        footerHeading = "%n",
        footer = {
            "Keeps all records that are whole, with their versions, and makes hints, index",
            "snapshot and manifest anew. Bad bytes are kept beside, in *.damaged files.",
            "Where something would be lost, it says what, and leaves the log as it is",
            "unless --accept-loss is given: copy the directory before that. It may be",
            "stopped at any time and run again.",
            "",
            "Exits with 0 where the database is whole now and nothing was lost, else with",
            "1.",
            "The members of --json are described in docs/cli.md."
        })
final class RepairCommand extends ResultCommand {

    @Mixin
    private final DatabaseDirectory directory = new DatabaseDirectory();

    @Option(
            names = "--accept-loss",
            description = {
                "Go on where something is lost. A key whose newest value",
                "is damaged has none any more; where not even keys are",
                "known, each key's newest value that is left stands."
            })
    private boolean acceptLoss;

    @Option(names = "--dry-run", description = "Change nothing; say what would be lost.")
    private boolean dryRun;

    RepairCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
        Path path = directory.path(terminal());
        DatabaseDirectory.requireNoFile(path);
        DatabaseDirectory.requireExists(path);
        StoreRepair.Request request = new StoreRepair.Request(acceptLoss, dryRun);
        RepairReport report;
        try (VerificationBar bar = new VerificationBar(terminal(), "repair")) {
            report = new StoreRepair(Environment.system()).run(path, request, bar);
        } catch (StoreException e) {
            throw DatabaseDirectory.explained(path, e);
        }
        return new RepairText(path.toString(), request, report).print(terminal(), json());
    }
}
