package dev.kvdb.cli;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.format.BareLogEntry;
import dev.kvdb.engine.format.BareLogReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/**
 * Imports a bare log into a directory that no server has open. The file is read twice: all of it is checked before the
 * first write.
 */
@Command(
        name = "import",
        description = "Import a bare log into a database that no server has open.",
        footerHeading = "%n",
        footer = {
            "A bare log is entries back to back: op, 1 byte (0 = set, 1 = remove); key,",
            "8 bytes; and for a set the value's size, 8 bytes, and the value. Its entries",
            "are applied in their order, on top of what the database holds; where there is",
            "no database, a new one is made. The whole file is checked before anything is",
            "written: a truncated or senseless one is refused, with the offset. An import",
            "that failed half-way may be repeated.",
            "",
            "With --json:",
            "  {\"file\":\"old.log\",\"byteOrder\":\"big\",\"bytes\":57,\"sets\":3,\"removes\":1,",
            "   \"dryRun\":false,\"keys\":2}"
        })
final class ImportCommand extends OfflineCommand {

    private static final String AUTO = "auto";

    @Parameters(index = "0", paramLabel = "FILE", description = "The bare log.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private File file;

    @Mixin
    private final DatabaseDirectory directory = new DatabaseDirectory();

    @Option(
            names = "--byte-order",
            paramLabel = "ORDER",
            defaultValue = AUTO,
            description = {
                "Of the file: big, little, or auto.",
                "auto takes the one in which the file parses to its exact end, and asks where both do. Default: auto."
            })
    @SuppressWarnings("NullAway.Init") // by picocli
    private String byteOrder;

    @Option(names = "--dry-run", description = "Only check the file.")
    private boolean dryRun;

    ImportCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    Path directory() {
        return directory.path(terminal());
    }

    @Override
    public Integer call() {
        BareLogFile log = BareLogFile.check(file, askedByteOrder());
        if (log.summary().valueBytesMax() > valueBytesMax()) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    file + ": the value at offset " + log.summary().valueBytesMaxOffset() + " has "
                            + Text.bytes(log.summary().valueBytesMax()) + ", over the limit of "
                            + Text.bytes(valueBytesMax())
                            + "; raise it with --value-bytes-max, and the server's kvdb.storage.value-size-max");
        }
        long keys = dryRun ? 0 : write(log);
        report(log, keys);
        return ExitCode.OK;
    }

    private @Nullable ByteOrderChoice askedByteOrder() {
        return switch (byteOrder.toLowerCase(Locale.ROOT)) {
            case AUTO -> null;
            case "big" -> ByteOrderChoice.BIG;
            case "little" -> ByteOrderChoice.LITTLE;
            default ->
                throw new ParameterException(
                        spec().commandLine(),
                        "--byte-order: '" + byteOrder + "' is not a byte order; write big, little or auto");
        };
    }

    /** Applies the log and returns the number of keys in the store after it. */
    private long write(BareLogFile log) {
        PendingWrites pending = new PendingWrites();
        try (Store store = open();
                InputStream in = log.open();
                Progress progress = Progress.start(terminal(), "import", log.bytes(), " MiB", 1 << 20)) {
            BareLogReader reader = log.reader(in);
            for (BareLogEntry entry = reader.next(); entry != null; entry = reader.next()) {
                apply(entry, store, pending);
                progress.reached(reader.position());
            }
            pending.awaitAll();
            return store.statistics().keys();
        } catch (IOException | StoreException e) {
            if (pending.acknowledged() == 0 && e instanceof StoreException refused) {
                throw refused;
            }
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "import failed after " + Text.count(pending.acknowledged(), "entry", "entries") + ": "
                            + e.getMessage() + "; it may be repeated");
        }
    }

    private static void apply(BareLogEntry entry, Store store, PendingWrites pending) {
        byte[] value = entry.value();
        int bytes = value == null ? 0 : value.length;
        pending.awaitRoom(bytes);
        pending.add(value == null ? store.remove(entry.key()) : store.set(entry.key(), value), bytes);
    }

    private void report(BareLogFile log, long keys) {
        long sets = log.summary().sets();
        long removes = log.summary().removes();
        if (json()) {
            JsonObject object = new JsonObject()
                    .put("file", file.getPath())
                    .put("byteOrder", log.order().toString())
                    .put("bytes", log.bytes())
                    .put("sets", sets)
                    .put("removes", removes)
                    .put("dryRun", dryRun);
            terminal().printLine((dryRun ? object : object.put("keys", keys)).toString());
            return;
        }
        String what = Text.count(sets, "set") + " and " + Text.count(removes, "remove") + " (" + Text.bytes(log.bytes())
                + ", " + log.order() + "-endian)";
        terminal()
                .printLine(
                        dryRun
                                ? file + " is complete: " + what
                                : "imported " + what + " into " + directory() + ", which has " + Text.count(keys, "key")
                                        + " now");
    }
}
