package dev.kvdb.cli;

import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.StoredValue;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the value of a key. */
@Command(
        name = "get",
        mixinStandardHelpOptions = true,
        description = "Print the value of a key, and a line end.",
        footerHeading = "%n",
        footer = {
            "A key without a value exits 1. A value that is not text is not written to a",
            "terminal; ask for --raw or --json.",
            "",
            "With --json: key and version as strings, size in bytes, value in base64, and",
            "text where the value is UTF-8:",
            "  {\"key\":\"1\",\"found\":true,\"version\":\"7\",\"size\":2,\"value\":\"aGk=\",",
            "   \"text\":\"hi\"}",
            "  {\"key\":\"2\",\"found\":false}"
        })
final class GetCommand extends ClientCommand {

    @Parameters(
            paramLabel = "KEY",
            description = "A whole number from -2^63 to 2^63-1.",
            converter = Converters.Key.class)
    private long key;

    @Option(names = "--raw", description = "Write the value's bytes as they are, without a line end.")
    private boolean raw;

    GetCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int run(KvdbClient client) {
        Optional<StoredValue> found = client.get(key);
        if (found.isEmpty()) {
            return missing(key);
        }
        print(found.get());
        return ExitCode.OK;
    }

    private void print(StoredValue value) {
        byte[] bytes = value.bytes();
        if (json()) {
            terminal().printLine(json(value).toString());
        } else if (raw) {
            terminal().print(bytes);
        } else if (terminal().outIsTerminal() && !Text.isPrintable(bytes)) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "the value of key " + key + " (" + Text.bytes(bytes.length)
                            + ") is not text; see it with --json, or save it with --raw and a redirection");
        } else {
            byte[] line = java.util.Arrays.copyOf(bytes, bytes.length + 1);
            line[bytes.length] = '\n';
            terminal().print(line);
        }
    }

    private JsonObject json(StoredValue value) {
        JsonObject object = new JsonObject()
                .putExact("key", key)
                .put("found", true)
                .putExactUnsigned("version", value.version())
                .put("size", value.bytes().length)
                .put("value", Base64.getEncoder().encodeToString(value.bytes()));
        @Nullable String text = Text.decodeUtf8(value.bytes());
        return text == null ? object : object.put("text", text);
    }
}
