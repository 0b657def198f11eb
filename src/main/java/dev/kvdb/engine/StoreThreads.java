package dev.kvdb.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** Makes a store's threads, with names that tell what they do, and waits for them. Safe for use by several threads. */
final class StoreThreads {

    private final ThreadFactory factory;

    StoreThreads(ThreadFactory factory) {
        this.factory = factory;
    }

    /** A thread that is not started yet. */
    Thread make(String role, Runnable task) {
        Thread thread = factory.newThread(task);
        thread.setName("kvdb-" + role);
        return thread;
    }

    /**
     * Carries a task out in a thread of its own, and waits for that: an interrupt of the caller's would break a sync,
     * and with it the store. Throws what the task throws.
     */
    <T> T call(String role, Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        Thread thread = make(role, future);
        thread.start();
        join(thread);
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unchecked(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted after the task's end", e);
        }
    }

    /** Waits for a thread to end, whatever interrupts say; the caller's interrupt status is kept. */
    static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static RuntimeException unchecked(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(cause);
    }
}
