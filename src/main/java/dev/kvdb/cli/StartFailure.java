package dev.kvdb.cli;

import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * Says in one line why a server did not start: one for each wrong key of the configuration, which it names with its
 * value. Takes the place of what Quarkus prints and logs of that.
 *
 * <p>Used by the main thread alone, once in a process.
 */
final class StartFailure {

    /** What the system says of an address that something else listens on. */
    private static final String IN_USE = "in use";

    private static final String UNKNOWN_HOST = "unknown host";

    private static final String LIFECYCLE = ApplicationLifecycleManager.class.getName();

    private static final Pattern CONVERSION = Pattern.compile(
            "The config property (\\S+) with the config value \"(.*?)\" threw an Exception whilst being converted (.*)",
            Pattern.DOTALL);
    private static final Pattern EMPTY = Pattern.compile("The config property (\\S+) is defined as the empty String");
    private static final Pattern UNKNOWN = Pattern.compile("(\\S+) in (\\S+) does not map to any root");
    private static final Pattern CODE = Pattern.compile("SRCFG[0-9]+: ");

    /** Held, because a logger that nobody holds forgets its filter. */
    private static final Logger QUARKUS = Logger.getLogger("io.quarkus.runtime.Application");

    private final PrintStream err;

    private StartFailure(PrintStream err) {
        this.err = err;
    }

    /** From now on Quarkus keeps to itself what {@link #accept} will say. */
    static StartFailure instead() {
        PrintStream err = System.err;
        System.setErr(new WithoutLifecycle(err));
        QUARKUS.setFilter(StartFailure::isOfOthers);
        return new StartFailure(err);
    }

    private static boolean isOfOthers(LogRecord logged) {
        return !LIFECYCLE.equals(logged.getSourceClassName());
    }

    /** Quarkus' exit handler: a cause is there where the server did not start. */
    void accept(Integer exitCode, Throwable cause) {
        if (cause != null) {
            lines(cause).forEach(line -> err.println("kvdb: " + line));
            err.flush();
        }
        ApplicationLifecycleManager.getDefaultExitCodeHandler().accept(exitCode, cause);
    }

    /** What to tell the operator. */
    static List<String> lines(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = failure; cause != null && !causes.contains(cause); cause = cause.getCause()) {
            causes.add(cause);
        }
        for (Throwable cause : causes) {
            if (cause instanceof ConfigValidationException validation) {
                return problems(validation);
            }
            if (cause instanceof QuarkusBindException bind) {
                Listener listener = Listener.GRPC.threw(bind) ? Listener.GRPC : Listener.HTTP;
                return List.of(listener.cannotServe(bind.getHost(), bind.getPort(), whyNot(bind)));
            }
            if (cause instanceof ConfigurationException) {
                return List.of(String.valueOf(cause.getMessage()));
            }
        }
        Throwable root = causes.get(causes.size() - 1);
        String why = root instanceof UnknownHostException ? UNKNOWN_HOST : message(root);
        for (Listener listener : Listener.values()) {
            if (causes.stream().anyMatch(listener::threw)) {
                return List.of(
                        listener.cannotServe(setting(listener.key + ".host"), setting(listener.key + ".port"), why));
            }
        }
        return List.of("cannot start: " + why);
    }

    /** What listens, the keys that say where, and the code that begins to. */
    private enum Listener {
        HTTP("HTTP", "quarkus.http", "io.quarkus.vertx.http."),
        GRPC("gRPC", "quarkus.grpc.server", "dev.kvdb.server.grpc.Transport");

        private final String protocol;
        private final String key;
        private final String code;

        Listener(String protocol, String key, String code) {
            this.protocol = protocol;
            this.key = key;
            this.code = code;
        }

        boolean threw(Throwable failure) {
            return Arrays.stream(failure.getStackTrace())
                    .anyMatch(frame -> frame.getClassName().startsWith(code));
        }

        String cannotServe(String host, Object port, String why) {
            return "cannot serve " + protocol + " on " + (host.contains(":") ? "[" + host + "]" : host) + ":" + port
                    + ": " + why + (why.contains(IN_USE) ? "; stop what uses it, or set " : "; set ") + key
                    + ".host and " + key + ".port";
        }
    }

    private static String setting(String key) {
        return ConfigProvider.getConfig().getOptionalValue(key, String.class).orElse("");
    }

    /** Quarkus keeps the system's message to itself, so binding is tried once more. */
    private static String whyNot(QuarkusBindException failure) {
        try (ServerSocket socket = new ServerSocket()) {
            InetSocketAddress address = new InetSocketAddress(failure.getHost(), failure.getPort());
            if (address.isUnresolved()) {
                return UNKNOWN_HOST;
            }
            socket.bind(address);
            return "it was " + IN_USE;
        } catch (IOException | IllegalArgumentException e) {
            return message(e);
        }
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.toString() : message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    private static List<String> problems(ConfigValidationException validation) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < validation.getProblemCount(); i++) {
            lines.add(problem(validation.getProblem(i).getMessage()));
        }
        return lines.stream().distinct().collect(Collectors.toList());
    }

    /** A problem of the configuration in this project's words; where it is not known, in those of SmallRye. */
    static String problem(String message) {
        String text = CODE.matcher(message).replaceAll("");
        Matcher conversion = CONVERSION.matcher(text);
        if (conversion.find()) {
            return conversion.group(1) + " is '" + conversion.group(2) + "', " + expectation(conversion.group(3));
        }
        Matcher empty = EMPTY.matcher(text);
        if (empty.find()) {
            return empty.group(1) + " is empty; give it a value, or leave it out";
        }
        Matcher unknown = UNKNOWN.matcher(text);
        if (unknown.find()) {
            return unknown.group(1) + " is not a key of the configuration; docs/operations.md lists them";
        }
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    private static String expectation(String refusal) {
        if (refusal.contains("to a Duration")) {
            return "must be a duration, for example 500ms, 5s or 2m";
        }
        if (refusal.contains("Expected an integer value") || refusal.contains("Expected a long value")) {
            return "must be a whole number";
        }
        if (refusal.contains("Expected a double value")) {
            return "must be a number";
        }
        if (refusal.contains("[KkMmGg") || refusal.contains("[BbKk")) {
            return "must be a size, for example 4096, 512K or 64M";
        }
        int allowed = refusal.indexOf("allowed values: ");
        if (allowed >= 0) {
            String values =
                    refusal.substring(allowed + "allowed values: ".length()).strip();
            return Arrays.stream(values.split(",")).sorted().collect(Collectors.joining(", ", "must be one of ", ""));
        }
        return "which cannot be used: " + refusal.strip();
    }

    /** The standard error, without the lines that Quarkus' {@link ApplicationLifecycleManager} prints. */
    private static final class WithoutLifecycle extends PrintStream {

        private static final StackWalker CALLER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

        WithoutLifecycle(PrintStream err) {
            super(err, true, StandardCharsets.UTF_8);
        }

        @Override
        public void println(String line) {
            if (CALLER.getCallerClass() != ApplicationLifecycleManager.class) {
                super.println(line);
            }
        }
    }
}
