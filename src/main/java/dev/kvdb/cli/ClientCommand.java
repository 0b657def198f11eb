package dev.kvdb.cli;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What the commands that call a server have in common. Starts neither Quarkus nor the engine. */
@Command
abstract class ClientCommand extends ResultCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    ClientCommand(Terminal terminal) {
        super(terminal);
    }

    /** Connects, runs the command, and returns the exit code. */
    @Override
    public Integer call() {
        quietNetty();
        try (KvdbClient client = server.connect(terminal(), top().server(), clientOptions())) {
            return run(client);
        }
    }

    /** Else Netty finds the logging of Quarkus and starts it. */
    static void quietNetty() {
        InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    }

    /** What the client does unless the command line says otherwise. */
    ClientOptions clientOptions() {
        return ClientOptions.DEFAULTS;
    }

    /** Calls the server, prints the result, and returns the exit code. */
    abstract int run(KvdbClient client);

    /** Says that the key has no value, and returns the exit code for that. */
    int missing(long key) {
        if (json()) {
            terminal()
                    .printLine(new JsonObject()
                            .putExact("key", key)
                            .put("found", false)
                            .toString());
        } else {
            terminal().message("key " + key + " has no value");
        }
        return ExitCode.FAILED;
    }
}
