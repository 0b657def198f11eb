package dev.kvdb.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the shell's completion script. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description = "Print a script that makes bash and zsh complete kvdb's commands and options.",
        footerHeading = "%n",
        footer = {
            "For this shell:",
            "  source <(kvdb completion)",
            "For each bash:",
            "  kvdb completion > ~/.local/share/bash-completion/completions/kvdb",
            "For each zsh:",
            "  echo 'source <(kvdb completion)' >> ~/.zshrc"
        })
final class CompletionCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    private final Terminal terminal;

    CompletionCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        terminal.printLine(AutoComplete.bash("kvdb", spec.root().commandLine()));
        return ExitCode.OK;
    }
}
