package dev.kvdb.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Lets a command end in order when SIGINT or SIGTERM comes: the process waits until this is closed, and then ends with
 * the signal's exit code. Close it after the last output.
 */
final class Interruption implements AutoCloseable {

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook;

    /** @param stop makes the command end soon; called in another thread */
    Interruption(Runnable stop) {
        hook = new Thread(
                () -> {
                    stop.run();
                    awaitEnd();
                },
                "kvdb-interruption");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            ended.countDown();
            // The command's own exit code must not win over the signal's.
            awaitProcessEnd();
        }
    }

    private static void awaitProcessEnd() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
