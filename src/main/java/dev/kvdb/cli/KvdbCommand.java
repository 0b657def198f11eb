package dev.kvdb.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program itself, and the options that may stand before a command's name. */
@Command(
        name = "kvdb",
        versionProvider = BuildVersion.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "A durable key-value database: 64-bit integer keys, values of any bytes.",
            "Without arguments it serves, as by 'kvdb serve'."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "  0:done",
            "  1:the key has no value; or a file, a directory or the output could not be used;",
            "    or verify found something wrong, or repair lost something or would, or",
            "    bench read what cannot be",
            "  2:the command line is wrong",
            "  3:there is no connection to a server",
            "  4:the server refused the call, or failed it",
            "  5:no reply came in time, or the connection broke; a write may have been",
            "    applied",
            " 70:a defect of kvdb",
            "141:the reader of the standard output went away"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  kvdb serve [::1]:50051 ./my_database",
            "  kvdb --server http://[::1]:50051 set 1 \"Hello, World!\"",
            "  kvdb get 1",
            "  kvdb set 2 @picture.jpg",
            "  kvdb get --raw 2 > picture.jpg"
        })
final class KvdbCommand implements Callable<Integer> {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    ServerOptions server() {
        return server;
    }

    OutputOptions output() {
        return output;
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
