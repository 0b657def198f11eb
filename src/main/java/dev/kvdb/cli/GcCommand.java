package dev.kvdb.cli;

import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.v1.CollectGarbageResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Collects garbage now. */
@Command(
        name = "gc",
        mixinStandardHelpOptions = true,
        description = "Collect garbage now, and wait until it is done. The server also does so by itself.",
        footerHeading = "%n",
        footer = {
            "With --json:",
            "  {\"dryRun\":false,\"skipped\":false,\"segmentsCollected\":2,\"bytesCopied\":4096,",
            "   \"bytesReclaimed\":65536,\"durationMillis\":12}"
        })
final class GcCommand extends ClientCommand {

    private static final long TIMEOUT_MILLIS_DEFAULT = 3_600_000;

    @Option(names = "--dry-run", description = "Only say what would be done.")
    private boolean dryRun;

    GcCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    ClientOptions clientOptions() {
        return ClientOptions.DEFAULTS.withTimeoutMillis(TIMEOUT_MILLIS_DEFAULT);
    }

    @Override
    int run(KvdbClient client) {
        CollectGarbageResponse done = client.collectGarbage(dryRun);
        terminal().printLine(json() ? json(done).toString() : sentence(done));
        return ExitCode.OK;
    }

    private JsonObject json(CollectGarbageResponse done) {
        return new JsonObject()
                .put("dryRun", dryRun)
                .put("skipped", done.getSkipped())
                .put("segmentsCollected", done.getSegmentsCollected())
                .put("bytesCopied", done.getBytesCopied())
                .put("bytesReclaimed", done.getBytesReclaimed())
                .put("durationMillis", done.getDurationMillis());
    }

    private String sentence(CollectGarbageResponse done) {
        if (done.getSkipped()) {
            return "skipped: another collection is running";
        }
        String segments = Text.count(done.getSegmentsCollected(), "segment");
        String reclaimed = Text.bytes(done.getBytesReclaimed());
        String copied = Text.bytes(done.getBytesCopied());
        if (dryRun) {
            return "would collect " + segments + ": reclaim " + reclaimed + ", copy " + copied;
        }
        return "collected " + segments + ": reclaimed " + reclaimed + ", copied " + copied + ", in "
                + Text.millis(done.getDurationMillis());
    }
}
