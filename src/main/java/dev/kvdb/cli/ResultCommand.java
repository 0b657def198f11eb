package dev.kvdb.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** What the commands that print a result have in common: where to, and whether as JSON. */
@Command
abstract class ResultCommand implements Callable<Integer>, OutputChoice {

    @ParentCommand
    @SuppressWarnings("NullAway.Init") // by picocli
    private KvdbCommand top;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    private final Terminal terminal;

    ResultCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /** The program's own options, given before the command's name. */
    KvdbCommand top() {
        return top;
    }

    Terminal terminal() {
        return terminal;
    }

    @Override
    public boolean json() {
        return output.json() || top.output().json();
    }
}
