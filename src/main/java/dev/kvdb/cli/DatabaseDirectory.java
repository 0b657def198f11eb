package dev.kvdb.cli;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import java.io.File;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The directory of a database, as a command line names it: after the command's other parameters. */
final class DatabaseDirectory {

    static final String VARIABLE = "KVDB_DATA_DIRECTORY";
    static final String DEFAULT = "./data";

    /** The next index that the command has not given to a parameter yet. */
    private static final String NEXT = "0+";

    @Parameters(
            index = NEXT,
            arity = "0..1",
            paramLabel = "DB_PATH",
            description = {"The database's directory.", "Default: $" + VARIABLE + ", or " + DEFAULT + "."})
    private @Nullable String given;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec command;

    /** Whether the command line names one. */
    boolean isGiven() {
        return given != null;
    }

    /** The directory that was given, or the default one. */
    Path path(Terminal terminal) {
        if (given != null) {
            if (given.isEmpty()) {
                throw new ParameterException(command.commandLine(), "DB_PATH is empty; write . for this directory");
            }
            return Path.of(given);
        }
        String variable = terminal.environment().get(VARIABLE);
        return Path.of(variable == null || variable.isBlank() ? DEFAULT : variable);
    }

    /** Refuses a path to a file. */
    static void requireNoFile(Path directory) {
        File path = directory.toFile();
        if (path.exists() && !path.isDirectory()) {
            throw new CommandFailure(ExitCode.FAILED, "'" + path + "' is a file, DB_PATH must be a directory");
        }
    }

    /** Refuses a path to nothing, for a command that makes no database. */
    static void requireExists(Path directory) {
        File path = directory.toFile();
        String[] names = path.list();
        if (!path.exists() || (names != null && names.length == 0)) {
            throw new CommandFailure(ExitCode.FAILED, "there is no database in " + directory);
        }
    }

    /** The failure in words for who typed the path. */
    static RuntimeException explained(Path directory, StoreException e) {
        if (e instanceof StoreIoException && e.getCause() instanceof AccessDeniedException denied) {
            return new CommandFailure(
                    ExitCode.FAILED,
                    "cannot open the database in '" + directory + "': permission denied for " + denied.getFile());
        }
        if (e instanceof StoreIoException && e.getCause() instanceof FileAlreadyExistsException file) {
            return new CommandFailure(
                    ExitCode.FAILED, "cannot make the directory '" + directory + "': " + file.getFile() + " is a file");
        }
        return e;
    }
}
