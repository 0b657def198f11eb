package dev.kvdb.cli;

import dev.kvdb.engine.Entry;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.format.BareLogWriter;
import java.io.BufferedOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Iterator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Exports a directory that no server has open as a bare log: its entries in ascending order of key, as sets. */
@Command(
        name = "export",
        description = "Export a database that no server has open as a bare log.",
        footerHeading = "%n",
        footer = {
            "The format is that of 'kvdb import': a set for each key, in ascending order.",
            "FILE appears complete and synced, or not at all.",
            "",
            "With --json: {\"file\":\"new.log\",\"byteOrder\":\"big\",\"bytes\":57,\"keys\":2}"
        })
final class ExportCommand extends OfflineCommand {

    private static final int BUFFER_BYTES = 128 * 1024;
    private static final String STANDARD_OUTPUT = "-";

    @Parameters(index = "0", paramLabel = "FILE", description = "The new bare log; '-' is the standard output.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String file;

    @Mixin
    private final DatabaseDirectory directory = new DatabaseDirectory();

    @Option(
            names = "--byte-order",
            paramLabel = "ORDER",
            defaultValue = "big",
            description = "Of the file: big or little. Default: big.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private ByteOrderChoice byteOrder;

    @Option(names = "--force", description = "Replace FILE where it exists.")
    private boolean force;

    private final FileSystem files = Environment.system().files();

    ExportCommand(Terminal terminal) {
        super(terminal);
    }

    /** What was exported. */
    private record Exported(long keys, long bytes) {}

    @Override
    Path directory() {
        return directory.path(terminal());
    }

    @Override
    public Integer call() {
        try {
            requireTarget();
            // An open would make a store where there is none; an export should not.
            DatabaseDirectory.requireExists(directory());
            try (Store store = open()) {
                if (file.equals(STANDARD_OUTPUT)) {
                    writeTo(terminal().out(), store);
                } else {
                    report(writeFile(store));
                }
            }
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot write '" + file + "': " + SystemReason.of(e));
        }
        return ExitCode.OK;
    }

    /** Only a regular file is ever replaced: not a directory, a device or a pipe, whatever {@code --force} says. */
    private void requireTarget() {
        if (file.equals(STANDARD_OUTPUT)) {
            return;
        }
        File target = new File(file);
        if (file.isEmpty() || file.endsWith("/") || target.isDirectory()) {
            throw new CommandFailure(ExitCode.FAILED, "'" + file + "' is a directory; name a file in it");
        }
        if (target.exists() && !target.isFile()) {
            throw new CommandFailure(
                    ExitCode.FAILED, "'" + file + "' is not a regular file; write to it with '-' and a redirection");
        }
        if (target.exists() && !force) {
            throw new CommandFailure(ExitCode.FAILED, file + " exists; replace it with --force");
        }
        File parent = target.getAbsoluteFile().getParentFile();
        if (!parent.isDirectory()) {
            throw new CommandFailure(ExitCode.FAILED, "cannot write '" + file + "': there is no directory " + parent);
        }
    }

    private Exported writeFile(Store store) throws IOException {
        Path target = Path.of(file).toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + ".export-"
                + ProcessHandle.current().pid());
        Exported exported;
        // A signal ends the process without unwinding.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> discard(temporary)));
        try (StoreFileOutputStream out = new StoreFileOutputStream(files.create(temporary))) {
            exported = writeTo(out, store);
            out.sync();
        } catch (IOException | RuntimeException e) {
            discard(temporary);
            throw e;
        }
        files.rename(temporary, target);
        files.syncDirectory(target.resolveSibling("."));
        return exported;
    }

    /** Deletes the unfinished file. One that cannot be deleted stays; its name says what it is. */
    private static void discard(Path temporary) {
        boolean unused = temporary.toFile().delete();
    }

    private Exported writeTo(OutputStream out, Store store) throws IOException {
        BufferedOutputStream buffered = new BufferedOutputStream(out, BUFFER_BYTES);
        BareLogWriter writer = new BareLogWriter(buffered, byteOrder.order());
        long keys = 0;
        try (Progress progress =
                Progress.start(terminal(), "export", store.statistics().keys(), " keys", 1)) {
            for (Iterator<Entry> entries = store.entries(); entries.hasNext(); ) {
                Entry entry = entries.next();
                writer.writeSet(entry.key(), entry.value());
                keys++;
                progress.reached(keys);
            }
        }
        buffered.flush();
        return new Exported(keys, writer.position());
    }

    private void report(Exported exported) {
        terminal()
                .printLine(
                        json()
                                ? new JsonObject()
                                        .put("file", file)
                                        .put("byteOrder", byteOrder.toString())
                                        .put("bytes", exported.bytes)
                                        .put("keys", exported.keys)
                                        .toString()
                                : "exported " + Text.count(exported.keys, "key") + " (" + Text.bytes(exported.bytes)
                                        + ", " + byteOrder + "-endian) to " + file);
    }
}
