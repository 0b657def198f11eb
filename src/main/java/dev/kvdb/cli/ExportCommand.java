package dev.kvdb.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Later. */
@Command(name = "export", mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
    ExportCommand(Terminal terminal) {}

    @Override
    public Integer call() {
        throw new CommandFailure(ExitCode.INTERNAL, "not yet");
    }
}
