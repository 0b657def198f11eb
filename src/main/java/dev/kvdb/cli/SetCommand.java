package dev.kvdb.cli;

import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.SetOutcome;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sets the value of a key. */
@Command(
        name = "set",
        description = "Set the value of a key. Done when the server has made it durable.",
        footerHeading = "%n",
        footer = {
            "VALUE is stored as UTF-8, without a line end. '-' stands for the standard",
            "input, '@FILE' for the contents of a file, both byte for byte. With --literal",
            "they stand for themselves:",
            "  kvdb set --literal 1 -",
            "A value may begin with a hyphen; one that is the name of an option goes after",
            "'--':",
            "  kvdb set 1 -5",
            "  kvdb set 1 -- --json",
            "",
            "With --json: {\"key\":\"1\",\"version\":\"7\",\"replaced\":false}"
        })
final class SetCommand extends ClientCommand {

    @Parameters(
            index = "0",
            paramLabel = "KEY",
            description = "A whole number from -2^63 to 2^63-1.",
            converter = Converters.Key.class)
    private long key;

    @Parameters(index = "1", paramLabel = "VALUE", description = "Text, '-', or '@FILE'.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String value;

    /** No short options here, so that a value such as -hello is none. */
    @Option(names = "--help", usageHelp = true, description = "Show this help message and exit.")
    @SuppressWarnings("UnusedVariable") // picocli's
    private boolean help;

    @Option(names = "--literal", description = "Store VALUE as it is, even where it is '-' or begins with '@'.")
    private boolean literal;

    SetCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int run(KvdbClient client) {
        SetOutcome outcome = client.set(key, readValue());
        if (json()) {
            terminal()
                    .printLine(new JsonObject()
                            .putExact("key", key)
                            .putExactUnsigned("version", outcome.version())
                            .put("replaced", outcome.replaced())
                            .toString());
        }
        return ExitCode.OK;
    }

    private byte[] readValue() {
        if (literal || !(value.equals("-") || value.startsWith("@"))) {
            return value.getBytes(StandardCharsets.UTF_8);
        }
        String source = value.equals("-") ? "the standard input" : value.substring(1);
        try {
            if (value.equals("-")) {
                return read(terminal().in(), source);
            }
            if (source.isEmpty()) {
                throw new CommandFailure(ExitCode.FAILED, "'@' must be followed by the name of a file" + hint());
            }
            try (InputStream in = new FileInputStream(source)) {
                return read(in, source);
            }
        } catch (FileNotFoundException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read " + e.getMessage() + hint());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read " + source + ": " + e.getMessage() + hint());
        }
    }

    private static byte[] read(InputStream in, String source) throws IOException {
        // A FileInputStream by itself would seek, which a pipe refuses.
        byte[] bytes = new BufferedInputStream(in).readNBytes(Converters.VALUE_BYTES_MAX + 1);
        if (bytes.length > Converters.VALUE_BYTES_MAX) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    source + " is larger than " + Text.bytes(Converters.VALUE_BYTES_MAX) + ", no server takes that");
        }
        return bytes;
    }

    private String hint() {
        return value.equals("-") ? "" : "; to store the text '" + value + "' itself, add --literal";
    }
}
