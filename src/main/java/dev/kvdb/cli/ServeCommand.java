package dev.kvdb.cli;

import dev.kvdb.client.ServerAddress;
import io.quarkus.runtime.Quarkus;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Serves a database until it is told to stop. Its arguments override the configuration; what they leave out comes from
 * there. Quarkus ends the process with its own exit code.
 */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Serve a database, until SIGTERM or Ctrl-C.",
        footerHeading = "%n",
        footer = {
            "What is left out comes from the configuration: -D, environment variables, config/application.properties.",
            "docs/operations.md lists its keys. HTTP (health and metrics) has a port of its own, quarkus.http.port.",
            "",
            "  kvdb serve [::1]:50051 ./my_database",
            "  kvdb serve -D quarkus.http.port=9090"
        })
final class ServeCommand implements Callable<Integer> {

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "ADDRESS",
            description = "Where to listen: HOST:PORT or [::1]:PORT; port 0 is any free one. [::] is every interface.")
    private @Nullable ServerAddress address;

    @Parameters(index = "1", arity = "0..1", paramLabel = "DB_PATH", description = "The database's directory.")
    private @Nullable String directory;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "Set a key of the configuration.")
    private Map<String, String> configuration = new LinkedHashMap<>();

    private final Runnable onServe;

    /** @param onServe called before Quarkus takes over */
    ServeCommand(Runnable onServe) {
        this.onServe = onServe;
    }

    @Override
    public Integer call() {
        onServe.run();
        configuration().forEach(System::setProperty);
        Quarkus.run();
        return ExitCode.OK;
    }

    /** What the arguments say about the configuration. */
    Map<String, String> configuration() {
        Map<String, String> keys = new LinkedHashMap<>(configuration);
        // Quarkus logs through its own manager, which must be named before anything logs.
        keys.put("java.util.logging.manager", "org.jboss.logmanager.LogManager");
        if (address != null) {
            keys.put("quarkus.grpc.server.host", address.host());
            keys.put("quarkus.grpc.server.port", Integer.toString(address.port()));
        }
        if (directory != null) {
            keys.put("kvdb.data-directory", directory);
        }
        return keys;
    }
}
