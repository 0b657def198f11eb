package dev.kvdb.cli;

import dev.kvdb.client.ClientException;
import dev.kvdb.engine.error.StoreException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * How a failed command ends: an exit code and one line on the standard error.
 *
 * @param exitCode one of {@link ExitCode}
 * @param reason the server's reason, or null
 * @param message what went wrong, empty where nothing should be said
 * @param json whether to print it as JSON
 */
record FailureReport(int exitCode, @Nullable String reason, String message, boolean json) {

    /** Begins a second line; in JSON there is only one. */
    private static final String CONTINUATION = "\n      ";

    /** How picocli names a parameter. */
    private static final String PARAMETER = "^Invalid value for positional parameter at index [0-9]+ \\(([A-Z_]+)\\): ";

    /** What the failure of a command means. */
    static FailureReport of(Exception failure, CommandLine failed) {
        boolean json = failed.getCommand() instanceof OutputChoice choice && choice.json();
        if (failure instanceof BrokenPipeException) {
            return new FailureReport(ExitCode.BROKEN_PIPE, null, "", json);
        }
        if (failure instanceof CommandFailure e) {
            return new FailureReport(e.exitCode(), null, message(e), json);
        }
        // By name first: "get" must not load the engine's classes, nor "import" those of gRPC, to find out what failed.
        if (failure.getClass().getName().startsWith("dev.kvdb.client.")) {
            return ofClient((ClientException) failure, json);
        }
        if (failure instanceof StoreException e) {
            return new FailureReport(ExitCode.FAILED, null, message(e), json);
        }
        return new FailureReport(
                ExitCode.INTERNAL, null, "internal error: " + failure + " at " + origin(failure), json);
    }

    private static FailureReport ofClient(ClientException e, boolean json) {
        String reason = e.reason().orElse(null);
        return switch (e.kind()) {
            case UNREACHABLE ->
                new FailureReport(
                        ExitCode.UNREACHABLE,
                        reason,
                        message(e)
                                + CONTINUATION
                                + "Is it running? Start one with 'kvdb serve', or name another with "
                                + "--server HOST:PORT.",
                        json);
            case CONNECTION_LOST ->
                new FailureReport(
                        ExitCode.NO_REPLY,
                        reason,
                        message(e) + CONTINUATION + "If it was a write, it may have been applied.",
                        json);
            case TIMED_OUT ->
                new FailureReport(
                        ExitCode.NO_REPLY,
                        reason,
                        message(e) + CONTINUATION
                                + "If it was a write, it may have been applied. Wait longer with --timeout.",
                        json);
            case REFUSED, FAILED ->
                new FailureReport(
                        ExitCode.SERVER_FAILED, reason, (reason == null ? e.code() : reason) + ": " + message(e), json);
        };
    }

    /** The same with another exit code. */
    FailureReport withExitCode(int other) {
        return new FailureReport(other, reason, message, json);
    }

    /** The same with another message. */
    FailureReport withMessage(String other) {
        return new FailureReport(exitCode, reason, other, json);
    }

    private static String message(Exception e) {
        return String.valueOf(e.getMessage());
    }

    private static String origin(Exception failure) {
        StackTraceElement[] trace = failure.getStackTrace();
        return trace.length == 0 ? "an unknown place" : trace[0].toString();
    }

    /** Prints the message, if any, and returns the exit code. */
    int print(Terminal terminal) {
        if (json && !message.isEmpty()) {
            JsonObject error = new JsonObject().put("exitCode", exitCode);
            if (reason != null) {
                error.put("reason", reason);
            }
            terminal.err()
                    .println(new JsonObject().put("error", error.put("message", message.replace(CONTINUATION, ". "))));
        } else if (!message.isEmpty()) {
            terminal.message(message);
        }
        return exitCode;
    }

    /** What is wrong with a command line, and where to read more. */
    static FailureReport usage(ParameterException e, String... args) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        List<String> suggestions =
                e instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
        String more = suggestions.isEmpty()
                ? "See '" + command + " --help'."
                : suggestions.stream()
                        .map(word -> "'" + (word.startsWith("-") ? word : command + " " + word) + "'")
                        .collect(Collectors.joining(" or ", "Did you mean ", "?"));
        boolean json = Arrays.stream(args).takeWhile(arg -> !arg.equals("--")).anyMatch("--json"::equals);
        return new FailureReport(ExitCode.USAGE, null, wrong(e, args) + CONTINUATION + more, json);
    }

    /** What looks like an option and is none, so that a parameter is missing for which it was not taken. */
    private static Optional<String> mistypedOption(CommandLine command, String... args) {
        if (command.isUnmatchedOptionsArePositionalParams()) {
            return Optional.empty();
        }
        CommandSpec top = command.getCommandSpec().root();
        return Arrays.stream(args)
                .takeWhile(arg -> !arg.equals("--"))
                .filter(arg -> arg.startsWith("--"))
                .map(arg -> arg.split("=", 2)[0])
                .filter(name -> command.getCommandSpec().findOption(name) == null && top.findOption(name) == null)
                .findFirst();
    }

    private static String wrong(ParameterException e, String... args) {
        if (e instanceof UnmatchedArgumentException unmatched && unmatched.isUnknownOption()) {
            return "unknown option '" + unmatched.getUnmatched().get(0) + "'";
        }
        if (e instanceof MissingParameterException) {
            Optional<String> mistyped = mistypedOption(e.getCommandLine(), args);
            if (mistyped.isPresent()) {
                return "unknown option '" + mistyped.get() + "'";
            }
        }
        if (e instanceof UnmatchedArgumentException unmatched) {
            CommandSpec command = e.getCommandLine().getCommandSpec();
            String argument = "'" + unmatched.getUnmatched().get(0) + "'";
            return switch (command.name()) {
                case "kvdb" -> argument + " is not a command";
                case "set" -> "unexpected argument " + argument + "; put a value that contains spaces in quotes";
                default -> "unexpected argument " + argument;
            };
        }
        return message(e).replaceFirst(PARAMETER, "$1: ").replace("option option", "option");
    }
}
