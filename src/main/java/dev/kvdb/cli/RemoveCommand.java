package dev.kvdb.cli;

import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.RemoveOutcome;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Removes the value of a key. */
@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = "Remove the value of a key. Done when the server has made that durable.",
        footerHeading = "%n",
        footer = {
            "A key without a value exits 1.",
            "",
            "With --json: {\"key\":\"1\",\"version\":\"8\",\"removed\":true}"
        })
final class RemoveCommand extends ClientCommand {

    @Parameters(
            paramLabel = "KEY",
            description = "A whole number from -2^63 to 2^63-1.",
            converter = Converters.Key.class)
    private long key;

    RemoveCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int run(KvdbClient client) {
        RemoveOutcome outcome = client.remove(key);
        if (json()) {
            terminal()
                    .printLine(new JsonObject()
                            .putExact("key", key)
                            .putExactUnsigned("version", outcome.version())
                            .put("removed", outcome.removed())
                            .toString());
        } else if (!outcome.removed()) {
            terminal().message("key " + key + " has no value");
        }
        return outcome.removed() ? ExitCode.OK : ExitCode.FAILED;
    }
}
