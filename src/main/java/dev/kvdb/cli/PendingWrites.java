package dev.kvdb.cli;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * Writes that were handed to a store and are not yet acknowledged: few enough to stay within the store's queue, many
 * enough to share a sync. For use by one thread.
 */
final class PendingWrites {

    private static final int WRITES_MAX = 4_096;
    private static final long BYTES_MAX = 16L * 1024 * 1024;

    private record Pending(CompletionStage<?> stage, int bytes) {}

    private final Queue<Pending> pending = new ArrayDeque<>();
    private long pendingBytes;
    private long acknowledged;

    /** Waits until there is room for a write of {@code bytes}. Fails as the earliest write that failed. */
    void awaitRoom(int bytes) {
        while (pending.size() >= WRITES_MAX || (!pending.isEmpty() && pendingBytes + bytes > BYTES_MAX)) {
            awaitOldest();
        }
    }

    /** A write was handed over. */
    void add(CompletionStage<?> stage, int bytes) {
        pending.add(new Pending(stage, bytes));
        pendingBytes += bytes;
    }

    /** Waits until all writes are acknowledged. Fails as the earliest write that failed. */
    void awaitAll() {
        while (!pending.isEmpty()) {
            awaitOldest();
        }
    }

    /** Writes acknowledged so far. */
    long acknowledged() {
        return acknowledged;
    }

    private void awaitOldest() {
        Pending oldest = pending.remove();
        pendingBytes -= oldest.bytes;
        try {
            oldest.stage.toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
        acknowledged++;
    }
}
