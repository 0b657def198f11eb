package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import dev.kvdb.client.AsyncCalls;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.PendingCall;
import dev.kvdb.client.ReplyHandler;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetResponse;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes one worker's part of the calls and counts what becomes of them. A call begins as soon as it is meant to and
 * fewer than the greatest number are in flight; where that is later than it was meant to, its latency counts from when
 * it was meant to.
 *
 * <p>Lives in the thread of its {@link AsyncCalls}; {@link #wake} and {@link #result} are for others too.
 */
final class Worker {

    private static final long SWEEP_NANOS = 100_000_000;
    /** How long a run that is stopped waits for its last replies. */
    private static final long STOP_NANOS = 1_000_000_000;
    /** Calls that were never sent are counted in at most so many groups of about the same age. */
    private static final long NOT_SENT_GROUPS_MAX = 10_000;

    private final AsyncCalls calls;
    private final LongSupplier clock;
    private final LoadSettings settings;
    private final KeyLedger ledger;
    private final Schedule schedule;
    private final SplittableRandom random;
    private final KeyChooser keys;
    private final Tally tally;
    private final Slot[] slots;
    private final Slot[] free;
    private int freeCount;
    private int pausedCount;
    private long countLeft;
    private long endNanos;
    private boolean isPumping;
    private boolean isStopped;
    private boolean isReconnecting;
    private final AtomicBoolean isWoken = new AtomicBoolean();
    private final CompletableFuture<LoadResult> result = new CompletableFuture<>();

    /**
     * @param clock nanoseconds since the start of the run
     * @param worker its number, from 0
     * @param workers how many share the load
     */
    Worker(LoadSettings settings, KeyLedger ledger, AsyncCalls calls, LongSupplier clock, int worker, int workers) {
        this.settings = settings;
        this.ledger = ledger;
        this.calls = calls;
        this.clock = clock;
        schedule = new Schedule(settings.ratePerSecond(), worker, workers);
        random = settings.random(worker);
        keys = settings.distribution().chooser(settings.keys(), worker, workers, random);
        tally = new Tally(settings);
        slots = new Slot[(int) LoadSettings.share(settings.concurrency(), worker, workers)];
        free = new Slot[slots.length];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot();
            free[i] = slots[i];
        }
        freeCount = slots.length;
        countLeft = LoadSettings.share(settings.count(), worker, workers);
        endNanos = settings.endNanos();
    }

    /** What became of the calls; done when the last of them has ended. */
    CompletableFuture<LoadResult> result() {
        return result;
    }

    /** Begins. */
    void start() {
        guarded(() -> {
            pump();
            sweep();
        });
    }

    /** A call is due. From any thread. */
    void wake() {
        // However late the event loop is, one wake-up waits for it at most.
        if (isWoken.compareAndSet(false, true)) {
            calls.execute(() -> {
                isWoken.set(false);
                guarded(this::pump);
            });
        }
    }

    /** How it stands. */
    LoadProgress progress() {
        return tally.progress(clock.getAsLong());
    }

    /** Ends the run now; calls that are under way have a moment left. */
    void stop() {
        guarded(() -> {
            if (isStopped || result.isDone()) {
                return;
            }
            isStopped = true;
            endNanos = Math.min(endNanos, clock.getAsLong());
            tally.endAt(endNanos);
            calls.schedule(() -> guarded(this::abandonAll), STOP_NANOS);
            endIfDone();
        });
    }

    /** A defect, or too little memory, ends the run with its cause, rather than in silence. */
    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            endBy(e);
        }
    }

    private void endBy(Throwable defect) {
        isStopped = true;
        endNanos = Long.MIN_VALUE;
        result.completeExceptionally(defect);
    }

    private void pump() {
        if (isPumping) {
            return;
        }
        isPumping = true;
        try {
            long now = clock.getAsLong();
            while (freeCount > 0 && isDue(now)) {
                begin(schedule.nextNanos(now), now);
                now = clock.getAsLong();
            }
        } finally {
            isPumping = false;
        }
    }

    private boolean isDue(long now) {
        return !isOver(now) && schedule.nextNanos(now) <= now;
    }

    /** Whether no more calls begin. */
    private boolean isOver(long now) {
        return countLeft == 0 || now >= endNanos || schedule.nextNanos(now) >= endNanos;
    }

    private void begin(long intended, long now) {
        schedule.advance();
        boolean isCounted = intended >= settings.measureFromNanos();
        if (isCounted) {
            countLeft--;
        }
        Slot slot = free[--freeCount];
        slot.begin(settings.mix().draw(random), (int) keys.next(), isCounted, intended, now);
    }

    private void release(Slot slot) {
        free[freeCount++] = slot;
        pump();
        endIfDone();
    }

    /** Without a rate nothing else keeps calls that fail at once from filling the processor. */
    private void releaseAfterFailure(Slot slot) {
        if (schedule.isOpenLoop() || isStopped) {
            release(slot);
            return;
        }
        pausedCount++;
        calls.schedule(
                () -> guarded(() -> {
                    pausedCount--;
                    release(slot);
                }),
                LoadSettings.FAILURE_PAUSE_NANOS);
    }

    private void sweep() {
        long now = clock.getAsLong();
        for (Slot slot : slots) {
            if (slot.isBusy && now - slot.sentNanos >= settings.timeoutNanos()) {
                slot.giveUp();
            }
        }
        if (isReconnecting) {
            isReconnecting = false;
            calls.reconnect();
        }
        pump();
        endIfDone();
        if (!result.isDone()) {
            calls.schedule(() -> guarded(this::sweep), SWEEP_NANOS);
        }
    }

    private void abandonAll() {
        for (Slot slot : slots) {
            if (slot.isBusy) {
                slot.isAbandoned = true;
                slot.giveUp();
            }
        }
    }

    private void endIfDone() {
        long now = clock.getAsLong();
        if (freeCount + pausedCount == slots.length && isOver(now) && !isPumping && !result.isDone()) {
            countNotSent(now);
            result.complete(tally.result(isStopped));
        }
    }

    /** Or calls that a stall has kept from being made would be missing from the percentiles that should show it. */
    private void countNotSent(long now) {
        long left = Math.min(countLeft, schedule.overdue(Math.min(endNanos, now)));
        long groupSize = Math.max(1, left / NOT_SENT_GROUPS_MAX);
        while (left > 0) {
            long intended = schedule.nextNanos(now);
            long group = Math.min(left, groupSize);
            if (intended >= settings.measureFromNanos()) {
                tally.notSent(settings.mix().draw(random), Math.max(0, now - intended), group);
            }
            for (long i = 0; i < group; i++) {
                schedule.advance();
            }
            left -= group;
        }
    }

    /** Room for one call in flight, used again and again, so that a call costs little garbage. */
    private final class Slot {

        private Operation operation = Operation.GET;
        private int index;
        private long stamp;
        private int valueBytes;
        private long intendedNanos;
        private long sentNanos;
        private long expectedVersion;
        private boolean isCounted;
        private boolean isBusy;
        private boolean isAbandoned;
        private @Nullable PendingCall call;

        private final ReplyHandler<GetResponse> gets = new Handler<>() {
            @Override
            void take(GetResponse reply, long nowNanos) {
                if (expectedVersion > 0) {
                    verify(reply);
                }
                int readBytes = reply.getEntry().getValue().size();
                answered(nowNanos, reply.hasEntry(), readBytes);
            }
        };

        private final ReplyHandler<SetResponse> sets = new Handler<>() {
            @Override
            void take(SetResponse reply, long nowNanos) {
                ledger.setAcknowledged(index, reply.getVersion(), stamp);
                answered(nowNanos, reply.getReplaced(), 0);
            }
        };

        private final ReplyHandler<RemoveResponse> removes = new Handler<>() {
            @Override
            void take(RemoveResponse reply, long nowNanos) {
                answered(nowNanos, reply.getRemoved(), 0);
            }
        };

        void begin(Operation drawn, int keyIndex, boolean isToCount, long intended, long now) {
            operation = drawn;
            index = keyIndex;
            isCounted = isToCount;
            intendedNanos = intended;
            sentNanos = now;
            valueBytes = 0;
            isBusy = true;
            isAbandoned = false;
            PendingCall made = send();
            // Not where it has failed already.
            call = isBusy ? made : null;
        }

        private PendingCall send() {
            long key = settings.firstKey() + index;
            switch (operation) {
                case GET -> {
                    expectedVersion = ledger.expectedVersion(index);
                    return calls.get(key, gets);
                }
                case SET -> {
                    stamp = random.nextLong();
                    ByteString value = Values.make(key, stamp, settings.valueSizes());
                    valueBytes = value.size();
                    // The time that the value took to make is not the server's.
                    sentNanos = clock.getAsLong();
                    if (!schedule.isOpenLoop()) {
                        intendedNanos = sentNanos;
                    }
                    return calls.set(key, value, sets);
                }
                case REMOVE -> {
                    ledger.removeSent(index);
                    return calls.remove(key, removes);
                }
                default -> throw new AssertionError(operation);
            }
        }

        void giveUp() {
            if (call != null) {
                call.timeOut();
            }
        }

        private void verify(GetResponse reply) {
            String wrong = ledger.wrong(index, expectedVersion, reply);
            if (isCounted || wrong != null) {
                tally.verified(wrong);
            }
        }

        private void answered(long nowNanos, boolean isHit, int readBytes) {
            tally.replied(operation, nowNanos);
            if (isCounted) {
                tally.answered(operation, intendedNanos, sentNanos, nowNanos, isHit);
                tally.transferred(readBytes, valueBytes);
            }
            isBusy = false;
            release(this);
        }

        private void fail(ClientException failure) {
            if (operation == Operation.SET) {
                ledger.setFailed(index, failure);
            }
            if (isCounted) {
                String reason = isAbandoned ? LoadResult.INTERRUPTED : Tally.reason(failure);
                tally.failed(operation, intendedNanos, sentNanos, clock.getAsLong(), reason);
            }
            isReconnecting |= failure.kind() == ClientException.Kind.UNREACHABLE;
            isBusy = false;
            releaseAfterFailure(this);
        }

        /** Takes one kind of reply. */
        private abstract class Handler<T> implements ReplyHandler<T> {

            abstract void take(T reply, long nowNanos);

            @Override
            public void replied(T reply) {
                // First: checking a value takes time that is not the server's.
                long nowNanos = clock.getAsLong();
                try {
                    take(reply, nowNanos);
                } catch (Throwable e) {
                    endBy(e);
                }
            }

            @Override
            public void failed(ClientException failure) {
                guarded(() -> fail(failure));
            }
        }
    }
}
