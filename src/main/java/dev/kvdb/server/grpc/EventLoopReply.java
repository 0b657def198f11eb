package dev.kvdb.server.grpc;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings a result from another thread back to the call's event loop, so that the thread that made it, the committer
 * above all, neither serializes nor sends. A cancelled call leaves its operation alone; the result is dropped.
 */
final class EventLoopReply {

    private EventLoopReply() {}

    /** The reply to a write whose stage completes in the store's committer thread. */
    static <T, R> Uni<R> ofStage(CompletionStage<T> stage, Function<T, R> toReply) {
        Executor eventLoop = eventLoop();
        return Uni.createFrom()
                .emitter(emitter -> stage.whenComplete((result, failure) -> eventLoop.execute(() -> {
                    if (failure == null) {
                        emitter.complete(toReply.apply(result));
                    } else {
                        emitter.fail(failure);
                    }
                })));
    }

    /** The reply made by an operation that {@code executor} runs. Fails where the executor refuses it. */
    static <R> Uni<R> ofTask(Executor executor, Supplier<R> operation) {
        Executor eventLoop = eventLoop();
        return Uni.createFrom().emitter(emitter -> executor.execute(() -> run(operation, eventLoop, emitter)));
    }

    private static <R> void run(Supplier<R> operation, Executor eventLoop, UniEmitter<? super R> emitter) {
        R reply;
        try {
            reply = operation.get();
        } catch (RuntimeException | Error failure) {
            eventLoop.execute(() -> emitter.fail(failure));
            return;
        }
        eventLoop.execute(() -> emitter.complete(reply));
    }

    /** Runs tasks on the event loop of the call that is being passed to its handler. */
    static Executor eventLoop() {
        @Nullable Context context = Vertx.currentContext();
        return context == null ? Runnable::run : task -> context.runOnContext(ignored -> task.run());
    }
}
