package dev.kvdb.cli;

import dev.kvdb.client.ServerAddress;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/**
 * Runs one command line in a {@link Terminal}. Every outcome is an exit code of {@link ExitCode}; nothing is thrown.
 *
 * <p>Not safe for use by several threads; made for one run.
 */
final class CommandLineProgram {

    /** Commands of keys: "-5" is one, not an option, and a value may begin with a hyphen too. */
    private static final Set<String> HYPHENATED = Set.of("set", "get", "remove");

    private final Terminal terminal;
    private final Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    private final StringWriter help = new StringWriter();
    private boolean served;

    CommandLineProgram(Terminal terminal) {
        this.terminal = terminal;
        commands.put("serve", () -> new ServeCommand(this::markServed));
        commands.put("set", () -> new SetCommand(terminal));
        commands.put("get", () -> new GetCommand(terminal));
        commands.put("remove", () -> new RemoveCommand(terminal));
        commands.put("status", () -> new StatusCommand(terminal));
        commands.put("gc", () -> new GcCommand(terminal));
        commands.put("bench", () -> new BenchCommand(terminal));
        commands.put("import", () -> new ImportCommand(terminal));
        commands.put("export", () -> new ExportCommand(terminal));
        commands.put("verify", () -> new VerifyCommand(terminal));
        commands.put("repair", () -> new RepairCommand(terminal));
        commands.put("completion", () -> new CompletionCommand(terminal));
        commands.put("help", CommandLine.HelpCommand::new);
    }

    private void markServed() {
        served = true;
    }

    /** Whether the command was {@code serve}, which has ended the process in its own way. */
    boolean served() {
        return served;
    }

    /** Runs the command and returns its exit code. */
    int run(String... args) {
        String[] effective = args.length == 0 ? new String[] {"serve"} : args;
        CommandLine line = commandLine(effective);
        try {
            int exitCode = line.execute(effective);
            // Picocli prints help there, and would show a failure to do so with a stack trace.
            if (!help.toString().isEmpty()) {
                terminal.print(help.toString().getBytes(StandardCharsets.UTF_8));
            }
            return exitCode;
        } catch (BrokenPipeException | CommandFailure e) {
            return FailureReport.of(e, line).print(terminal);
        }
    }

    /**
     * The command line for these arguments. Picocli spends most of its time on commands that nobody asked for, so those
     * are left out.
     */
    CommandLine commandLine(String... args) {
        KvdbCommand top = new KvdbCommand();
        CommandLine line = new CommandLine(top);
        List<String> words = Arrays.asList(args);
        boolean all = words.contains("help")
                || words.contains("completion")
                || commands.keySet().stream().noneMatch(words::contains);
        commands.forEach((name, command) -> {
            if (all || words.contains(name)) {
                line.addSubcommand(name, command.get());
            }
        });
        configure(line);
        return line;
    }

    private void configure(CommandLine line) {
        line.setOut(new PrintWriter(help, true));
        line.setErr(new PrintWriter(new OutputStreamWriter(terminal.err(), StandardCharsets.UTF_8), true));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(colours() ? Ansi.ON : Ansi.OFF));
        // "set 1 @file" is kvdb's own notation.
        line.setExpandAtFiles(false);
        line.setUnmatchedOptionsArePositionalParams(false);
        line.getSubcommands().forEach((name, command) -> {
            if (HYPHENATED.contains(name)) {
                command.setUnmatchedOptionsArePositionalParams(true);
            }
        });
        line.setPosixClusteredShortOptionsAllowed(false);
        line.setUsageHelpAutoWidth(true);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(ServerAddress.class, Converters::serverAddress);
        line.registerConverter(ByteOrderChoice.class, Converters::byteOrder);
        line.registerConverter(java.time.Duration.class, Converters::duration);
        line.setExecutionStrategy(parsed -> {
            requireNoUselessServer(parsed);
            return new CommandLine.RunLast().execute(parsed);
        });
        line.setParameterExceptionHandler(
                (e, args) -> FailureReport.usage(e, args).print(terminal));
        line.setExecutionExceptionHandler(
                (e, failed, parsed) -> FailureReport.of(e, failed).print(terminal));
    }

    /** A command that calls no server would do its work elsewhere than on the one that is named before it. */
    private static void requireNoUselessServer(CommandLine.ParseResult parsed) {
        KvdbCommand top = (KvdbCommand) parsed.commandSpec().userObject();
        if (top.server().isGiven() && parsed.hasSubcommand()) {
            CommandLine.Model.CommandSpec command = parsed.subcommand().commandSpec();
            boolean asksForHelp = command.helpCommand()
                    || parsed.subcommand().isUsageHelpRequested()
                    || parsed.isUsageHelpRequested()
                    || parsed.isVersionHelpRequested();
            if (command.findOption("--server") == null && !asksForHelp) {
                throw new CommandLine.ParameterException(
                        command.commandLine(),
                        "'kvdb " + command.name() + "' calls no server: it takes neither --server nor --timeout");
            }
        }
    }

    private boolean colours() {
        return terminal.outIsTerminal()
                && terminal.errIsTerminal()
                && terminal.environment().get("NO_COLOR") == null;
    }
}
