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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes one call for each of many keys, with so many in flight at most. A call that is refused because the server is
 * overloaded is made again after a while, unless the server has answered none for {@value #PATIENCE_SECONDS} s; the
 * first that fails otherwise, or a defect, ends the pass, and halts those of the other workers.
 *
 * <p>Lives in the thread of its {@link AsyncCalls}.
 *
 * @param <T> the reply
 */
final class BulkPass<T> {

    static final long PATIENCE_SECONDS = 60;

    private static final String OVERLOADED = "OVERLOADED";
    private static final long SWEEP_NANOS = 100_000_000;

    /** What the passes of all workers share. Safe for use by several threads. */
    static final class Shared {

        private final LongAdder done = new LongAdder();
        private volatile boolean isHalted;

        /** How many calls were answered. */
        long done() {
            return done.sum();
        }

        /** No pass makes any more calls; each ends with its last reply. */
        void halt() {
            isHalted = true;
        }
    }

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
    private final Shared shared;
    private final Set<Item> inFlight = new HashSet<>();
    private final Queue<Integer> again = new ArrayDeque<>();
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private long answeredNanos;
    private int pausedCount;
    private boolean isPumping;
    private @Nullable Throwable failure;

    /**
     * @param worker its number, from 0
     * @param workers how many share the calls in flight
     */
    BulkPass(
            LoadRun.Context context,
            int worker,
            int workers,
            PrimitiveIterator.OfInt indices,
            Step<T> step,
            Shared shared) {
        calls = context.calls().get(worker);
        clock = context.clock();
        timeoutNanos = context.settings().timeoutNanos();
        concurrency = (int) LoadSettings.share(context.settings().concurrency(), worker, workers);
        this.indices = indices;
        this.step = step;
        this.shared = shared;
    }

    /** Done when all calls were answered or the passes were halted; fails as the first call that did. */
    CompletableFuture<Void> result() {
        return result;
    }

    /** Begins. */
    void start() {
        answeredNanos = clock.getAsLong();
        pump();
        sweep();
    }

    private void fail(Throwable e) {
        if (failure == null) {
            failure = e;
        }
        shared.halt();
    }

    private boolean isOver() {
        return shared.isHalted || failure != null || (again.isEmpty() && !indices.hasNext());
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
        } catch (Throwable e) {
            fail(e);
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
        } else if (shared.isHalted || pausedCount == 0) {
            result.complete(null);
        }
    }

    private void sweep() {
        try {
            long now = clock.getAsLong();
            for (Item item : new ArrayList<>(inFlight)) {
                item.timeOutIfDue(now);
            }
        } catch (Throwable e) {
            fail(e);
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
            try {
                call = step.start(index, this);
            } catch (Throwable e) {
                // Nobody will tell of its end.
                inFlight.remove(this);
                throw e;
            }
        }

        void timeOutIfDue(long now) {
            if (call != null && now - sentNanos >= timeoutNanos) {
                call.timeOut();
            }
        }

        @Override
        public void replied(T reply) {
            inFlight.remove(this);
            answeredNanos = clock.getAsLong();
            try {
                step.answered(index, reply);
                shared.done.increment();
            } catch (Throwable e) {
                fail(e);
            }
            pump();
        }

        @Override
        public void failed(ClientException e) {
            inFlight.remove(this);
            step.failed(index, e);
            boolean isOverloaded = e.reason().filter(OVERLOADED::equals).isPresent();
            if (isOverloaded && clock.getAsLong() - answeredNanos < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
                pausedCount++;
                calls.schedule(
                        () -> {
                            pausedCount--;
                            again.add(index);
                            pump();
                        },
                        LoadSettings.FAILURE_PAUSE_NANOS);
            } else {
                fail(e);
            }
            pump();
        }
    }
}
