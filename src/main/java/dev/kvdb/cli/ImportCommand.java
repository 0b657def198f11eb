package dev.kvdb.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Later. */
@Command(name = "import", mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
    ImportCommand(Terminal terminal) {}

    @Override
    public Integer call() {
        throw new CommandFailure(ExitCode.INTERNAL, "not yet");
    }
}
