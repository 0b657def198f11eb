package dev.kvdb.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the engine will answer, given out as a stage that nobody but the engine completes: the same as a future's
 * {@link CompletableFuture#minimalCompletionStage()}, without a second object and a second completion for each write.
 * {@link #toCompletableFuture()} gives a copy, which its caller may cancel or complete as he likes.
 *
 * <p>Safe for use by several threads.
 */
abstract class Answer<R> extends CompletableFuture<R> {

    /** Completes the stage; the calling thread runs what depends on it. */
    final void answer(@Nullable R result) {
        super.complete(result);
    }

    /** Completes the stage with a failure. */
    final void refuse(Throwable cause) {
        super.completeExceptionally(cause);
    }

    @Override
    public final CompletableFuture<R> toCompletableFuture() {
        return copy();
    }

    @Override
    public final boolean complete(R value) {
        throw notYours();
    }

    @Override
    public final boolean completeExceptionally(Throwable cause) {
        throw notYours();
    }

    @Override
    public final boolean cancel(boolean mayInterruptIfRunning) {
        throw notYours();
    }

    @Override
    public final void obtrudeValue(R value) {
        throw notYours();
    }

    @Override
    public final void obtrudeException(Throwable cause) {
        throw notYours();
    }

    @Override
    public final CompletableFuture<R> completeAsync(Supplier<? extends R> supplier, Executor executor) {
        throw notYours();
    }

    @Override
    public final CompletableFuture<R> orTimeout(long timeout, TimeUnit unit) {
        throw notYours();
    }

    @Override
    public final CompletableFuture<R> completeOnTimeout(R value, long timeout, TimeUnit unit) {
        throw notYours();
    }

    private static UnsupportedOperationException notYours() {
        return new UnsupportedOperationException("the store alone completes this: take toCompletableFuture()");
    }
}
