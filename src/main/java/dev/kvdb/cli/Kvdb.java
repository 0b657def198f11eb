package dev.kvdb.cli;

import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;

/**
 * The program. Without arguments it serves, in dev mode too.
 *
 * <p>Loads no class of Quarkus, gRPC or the engine by itself: a command loads what it needs.
 */
@QuarkusMain
public final class Kvdb {

    private Kvdb() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String... args) {
        if (args.length > 0 && !List.of(args).contains("serve")) {
            QuietLogging.start();
        }
        CommandLineProgram program = new CommandLineProgram(Terminal.ofProcess());
        int exitCode = program.run(args);
        if (!program.served() || exitCode != ExitCode.OK) {
            // Not exit: from JDK 21 on that asks for a logger, and here that would be Quarkus'.
            Runtime.getRuntime().halt(exitCode);
        }
        // Quarkus has set the exit code already; in dev mode the process goes on and calls main again.
    }
}
