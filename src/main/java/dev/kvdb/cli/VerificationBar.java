package dev.kvdb.cli;

import dev.kvdb.engine.VerificationListener;
import org.jspecify.annotations.Nullable;

/** A progress bar over the bytes of a database, which begins when their number is known. */
final class VerificationBar implements VerificationListener, AutoCloseable {

    private final Terminal terminal;
    private final String task;
    private @Nullable Progress progress;

    VerificationBar(Terminal terminal, String task) {
        this.terminal = terminal;
        this.task = task;
    }

    @Override
    public void progressed(long doneBytes, long totalBytes) {
        if (progress == null) {
            progress = Progress.start(terminal, task, totalBytes, " MiB", 1 << 20);
        }
        progress.reached(doneBytes);
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
