package dev.kvdb.cli;

import dev.kvdb.engine.StoreVerification;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.recovery.VerificationReport;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Checks all files of a database that no server has open, and changes none. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Check every byte of a database that no server has open. Changes nothing.",
        footerHeading = "%n",
        footer = {
            "Checks manifest, segments, hints and index snapshot: each record and its value by their checksums,",
            "and what the files say of one another. The end of a log that a crash tore is noted, and is no damage.",
            "",
            "Exits with 1 where anything is wrong, after a line for each finding with its file and offset.",
            "The members of --json are described in docs/cli.md."
        })
final class VerifyCommand extends ResultCommand {

    @Mixin
    private final DatabaseDirectory directory = new DatabaseDirectory();

    VerifyCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    public Integer call() {
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
}
