package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The directory that all stores are made in, and the process that works in it: neither is left once this is closed, be
 * it at the end or since a signal ends the program.
 *
 * <p>At a signal the process is killed and no other one starts. The thread that waited for it then fails, tells what it
 * has measured, and closes this, which deletes the directory; the end of the program waits for that.
 */
final class Scratch implements AutoCloseable {

    private final Path directory;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread onSignal = new Thread(this::end, "end");
    private @Nullable Process running;
    private boolean ending;

    private Scratch(Path directory) {
        this.directory = directory;
    }

    /** Makes a directory with an unused name. */
    static Scratch in(Path parent) throws IOException {
        Scratch scratch = new Scratch(Files.createTempDirectory(parent.toAbsolutePath(), "kvdb-bench-"));
        Runtime.getRuntime().addShutdownHook(scratch.onSignal);
        return scratch;
    }

    Path directory() {
        return directory;
    }

    /**
     * Starts a process, which its caller waits for before it starts another.
     *
     * @throws IOException where it cannot be started, or the program is being ended
     */
    synchronized Process start(ProcessBuilder builder) throws IOException {
        if (ending) {
            throw new IOException("the program is being ended");
        }
        Process started = builder.start();
        running = started;
        return started;
    }

    /** Whether a signal ends the program. */
    synchronized boolean isEnding() {
        return ending;
    }

    /** Copies a directory with all in it. What is sparse stays so, which is why {@code cp} does it. */
    void copy(Path from, Path to) throws IOException, InterruptedException {
        Process copy =
                start(new ProcessBuilder("cp", "-r", "--sparse=always", from.toString(), to.toString()).inheritIO());
        int exitCode = copy.waitFor();
        if (exitCode != 0) {
            throw new IOException("cp failed with exit code " + exitCode + " when copying " + from + " to " + to);
        }
    }

    private void end() {
        kill();
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void kill() {
        ending = true;
        if (running != null) {
            // Not by the process itself, which would take its last lines from whoever reads them.
            running.toHandle().destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            DataFiles.delete(directory);
        } catch (IOException e) {
            throw new IOException("delete " + directory + " yourself: " + e, e);
        } finally {
            closed.countDown();
        }
    }
}
