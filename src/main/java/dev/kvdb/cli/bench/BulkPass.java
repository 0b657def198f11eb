package dev.kvdb.cli.bench;

import dev.kvdb.client.AsyncCalls;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.PendingCall;
import dev.kvdb.client.ReplyHandler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.PrimitiveIterator;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes one call for each of many keys, with so many in flight at most. A call that is refused because the server is
 * overloaded is made again after a while; the first that fails otherwise ends the pass.
 *
 * <p>Lives in the thread of its {@link AsyncCalls}.
 *
 * @param <T> the reply
 */
final class BulkPass<T> {

    private static final String OVERLOADED = "OVERLOADED";
    /** As long as a server that is overloaded asks its clients to wait. */
    private static final long RETRY_NANOS = 100_000_000;

    private static final long SWEEP_NANOS = 100_000_000;

    /**
     * How one of the calls is made.
     *
     * @param <T> the reply
     */
    interface Step<T> {

        /** Makes the call for the key of this index. */
        PendingCall start(int index, ReplyHandler<T> handler);

        /** The call was answered. */
        void answered(int index, T reply);

        /** The call failed; it may be made again. */
        void failed(int index, ClientException failure);
    }

    private final AsyncCalls calls;
    private final LongSupplier clock;
    private final long timeoutNanos;
    private final int concurrency;
    private final PrimitiveIterator.OfInt indices;
    private final Step<T> step;
    private final LongAdder done;
    private final Set<Item> inFlight = new HashSet<>();
    private final Queue<Integer> again = new ArrayDeque<>();
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private int pausedCount;
    private boolean isPumping;
    private boolean isStopped;
    private @Nullable RuntimeException failure;

    /**
     * @param worker its number, from 0
     * @param workers how many share the calls in flight
     * @param done counts the calls that were answered
     */
    BulkPass(
            LoadRun.Context context,
            int worker,
            int workers,
            PrimitiveIterator.OfInt indices,
            Step<T> step,
            LongAdder done) {
        calls = context.calls().get(worker);
        clock = context.clock();
        timeoutNanos = context.settings().timeoutNanos();
        concurrency = (int) LoadSettings.share(context.settings().concurrency(), worker, workers);
        this.indices = indices;
        this.step = step;
        this.done = done;
    }

    /** Done when all calls were answered or the pass was stopped; fails as the first call that did. */
    CompletableFuture<Void> result() {
        return result;
    }

    /** Begins. */
    void start() {
        pump();
        sweep();
    }

    /** Makes no more calls. */
    void stop() {
        isStopped = true;
        endIfDone();
    }

    private boolean isOver() {
        return isStopped || failure != null || (again.isEmpty() && !indices.hasNext());
    }

    private void pump() {
        if (isPumping) {
            return;
        }
        isPumping = true;
        try {
            while (inFlight.size() < concurrency && !isOver()) {
                Integer repeated = again.poll();
                new Item(repeated != null ? repeated : indices.nextInt()).start();
            }
        } catch (RuntimeException e) {
            failure = e;
        } finally {
            isPumping = false;
        }
        endIfDone();
    }

    private void endIfDone() {
        if (isPumping || !inFlight.isEmpty() || !isOver() || result.isDone()) {
            return;
        }
        if (failure != null) {
            result.completeExceptionally(failure);
        } else if (isStopped || pausedCount == 0) {
            result.complete(null);
        }
    }

    private void sweep() {
        long now = clock.getAsLong();
        for (Item item : new ArrayList<>(inFlight)) {
            item.timeOutIfDue(now);
        }
        endIfDone();
        if (!result.isDone()) {
            calls.schedule(this::sweep, SWEEP_NANOS);
        }
    }

    /** One call. */
    private final class Item implements ReplyHandler<T> {

        private final int index;
        private final long sentNanos = clock.getAsLong();
        private @Nullable PendingCall call;

        Item(int index) {
            this.index = index;
        }

        void start() {
            inFlight.add(this);
            call = step.start(index, this);
        }

        void timeOutIfDue(long now) {
            if (call != null && now - sentNanos >= timeoutNanos) {
                call.timeOut();
            }
        }

        @Override
        public void replied(T reply) {
            inFlight.remove(this);
            step.answered(index, reply);
            done.increment();
            pump();
        }

        @Override
        public void failed(ClientException e) {
            inFlight.remove(this);
            step.failed(index, e);
            if (e.reason().filter(OVERLOADED::equals).isPresent()) {
                pausedCount++;
                calls.schedule(
                        () -> {
                            pausedCount--;
                            again.add(index);
                            pump();
                        },
                        RETRY_NANOS);
            } else if (failure == null) {
                failure = e;
            }
            pump();
        }
    }
}
