package dev.kvdb.cli;

import dev.kvdb.client.ServerAddress;
import io.quarkus.runtime.Quarkus;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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
            "What is left out comes from the configuration: -D, environment variables,",
            "config/application.properties; docs/operations.md lists its keys. HTTP (health",
            "and metrics) has a port of its own, quarkus.http.port.",
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

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    private final Runnable onServe;

    /** @param onServe called before Quarkus takes over */
    ServeCommand(Runnable onServe) {
        this.onServe = onServe;
    }

    @Override
    public Integer call() {
        Map<String, String> keys = configuration();
        if (keys.containsKey("")) {
            throw new ParameterException(spec.commandLine(), "-D: the key is missing in '=" + keys.get("") + "'");
        }
        keys.forEach(System::setProperty);
        onServe.run();
        if (isPackaged()) {
            Quarkus.run(null, StartFailure.instead()::accept);
        } else {
            Quarkus.run();
        }
        return ExitCode.OK;
    }

    /** Not in dev mode, whose developer wants to see all that Quarkus has to say. */
    private static boolean isPackaged() {
        return ServeCommand.class.getClassLoader() == ClassLoader.getSystemClassLoader();
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
