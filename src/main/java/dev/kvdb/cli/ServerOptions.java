package dev.kvdb.cli;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which server a command calls, and how patiently. May be given before the command's name or after it; after wins. */
final class ServerOptions {

    private static final String VARIABLE = "KVDB_SERVER";
    private static final String SERVER_DEFAULT = "localhost:" + ServerAddress.PORT_DEFAULT;

    @Option(
            names = "--server",
            paramLabel = "ADDRESS",
            converter = Converters.CalledAddress.class,
            description = {
                "The server: HOST:PORT, [::1]:PORT or http://HOST:PORT; the port may be left out.",
                "Default: $" + VARIABLE + ", or " + SERVER_DEFAULT + "."
            })
    private @Nullable ServerAddress server;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = {
                "How long to wait for a reply, for example 500ms, 5s or 2m.",
                "Default: 10s, for gc 1h, for verify as long as it takes."
            })
    private @Nullable Duration timeout;

    /** A client by these options and, where one is not given, by those before the command's name. */
    KvdbClient connect(Terminal terminal, ServerOptions outer, ClientOptions defaults) {
        return KvdbClient.connect(address(terminal, outer), options(outer, defaults));
    }

    /** The options of a client. */
    ClientOptions options(ServerOptions outer, ClientOptions defaults) {
        Duration chosen = timeout != null ? timeout : outer.timeout;
        return chosen == null ? defaults : defaults.withTimeoutMillis(chosen.toMillis());
    }

    /** Whether a server, or a timeout, is given here. */
    boolean isGiven() {
        return server != null || timeout != null;
    }

    /** The server that is called. */
    ServerAddress address(Terminal terminal, ServerOptions outer) {
        ServerAddress given = server != null ? server : outer.server;
        if (given != null) {
            return given;
        }
        String variable = terminal.environment().get(VARIABLE);
        if (variable == null || variable.isBlank()) {
            return ServerAddress.parse(SERVER_DEFAULT);
        }
        try {
            return Converters.calledAddress(variable);
        } catch (TypeConversionException e) {
            throw new CommandFailure(ExitCode.USAGE, "environment variable " + VARIABLE + ": " + e.getMessage());
        }
    }
}
