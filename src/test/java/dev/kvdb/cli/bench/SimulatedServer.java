package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import dev.kvdb.client.AsyncCalls;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientFailures;
import dev.kvdb.client.PendingCall;
import dev.kvdb.client.ReplyHandler;
import dev.kvdb.v1.Entry;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongUnaryOperator;

/**
 * A server, its network and the time, all in the test's thread: time passes from one event to the next. Each call is
 * answered when {@link #answerAt} says; one whose key is in {@link #refusals} is refused after {@link #failAfterNanos}.
 */
final class SimulatedServer implements AsyncCalls {

    static final long NEVER = Long.MAX_VALUE;

    private record Event(long nanos, long number, Runnable task) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(java.util.Comparator.comparingLong(Event::nanos).thenComparingLong(Event::number));
    private final Map<Long, Entry> entries = new HashMap<>();
    final Map<Long, String> refusals = new HashMap<>();
    /** From when a call is sent to when it is answered. */
    LongUnaryOperator answerAt;

    long failAfterNanos;
    long nowNanos;
    int inFlight;
    int inFlightMax;
    int sent;
    private long number;
    private long version;

    SimulatedServer(LongUnaryOperator answerAt) {
        this.answerAt = answerAt;
    }

    /** Lets time pass until the worker has ended; at a rate it is woken when calls are due. */
    LoadResult run(Worker worker, LoadSettings settings) {
        worker.start();
        if (settings.isOpenLoop()) {
            wakeAtRate(worker, new Schedule(settings.ratePerSecond(), 0, 1));
        }
        runUntil(worker.result());
        return worker.result().join();
    }

    /** Lets time pass until there is a result. */
    void runUntil(CompletableFuture<?> result) {
        while (!result.isDone()) {
            Event next = events.poll();
            if (next == null) {
                throw new AssertionError("there is nothing left to wait for");
            }
            nowNanos = next.nanos;
            next.task.run();
        }
    }

    private void wakeAtRate(Worker worker, Schedule schedule) {
        long next = schedule.nextNanos(nowNanos);
        schedule.advance();
        at(next, () -> {
            worker.wake();
            wakeAtRate(worker, schedule);
        });
    }

    void at(long nanos, Runnable task) {
        events.add(new Event(nanos, number++, task));
    }

    private <T> PendingCall call(long key, ReplyHandler<T> handler, java.util.function.Supplier<T> reply) {
        sent++;
        String refusal = refusals.get(key);
        if (refusal != null && failAfterNanos > 0) {
            at(nowNanos + failAfterNanos, () -> handler.failed(ClientFailures.refused(refusal)));
            return () -> {};
        }
        if (refusal != null) {
            handler.failed(ClientFailures.refused(refusal));
            return () -> {};
        }
        inFlight++;
        inFlightMax = Math.max(inFlightMax, inFlight);
        boolean[] ended = new boolean[1];
        long when = answerAt.applyAsLong(nowNanos);
        if (when != NEVER) {
            at(when, () -> {
                if (!ended[0]) {
                    ended[0] = true;
                    inFlight--;
                    handler.replied(reply.get());
                }
            });
        }
        return () -> {
            ended[0] = true;
            inFlight--;
            ClientException failure = ClientFailures.timedOut();
            handler.failed(failure);
        };
    }

    @Override
    public PendingCall get(long key, ReplyHandler<GetResponse> handler) {
        return call(key, handler, () -> {
            Entry entry = entries.get(key);
            return entry == null
                    ? GetResponse.getDefaultInstance()
                    : GetResponse.newBuilder().setEntry(entry).build();
        });
    }

    @Override
    public PendingCall set(long key, ByteString value, ReplyHandler<SetResponse> handler) {
        return call(key, handler, () -> {
            version++;
            entries.put(
                    key,
                    Entry.newBuilder()
                            .setKey(key)
                            .setValue(value)
                            .setVersion(version)
                            .build());
            return SetResponse.newBuilder().setVersion(version).build();
        });
    }

    @Override
    public PendingCall remove(long key, ReplyHandler<RemoveResponse> handler) {
        return call(
                key,
                handler,
                () -> RemoveResponse.newBuilder()
                        .setRemoved(entries.remove(key) != null)
                        .build());
    }

    @Override
    public void reconnect() {
        // Nothing ever breaks.
    }

    @Override
    public void execute(Runnable task) {
        task.run();
    }

    @Override
    public void schedule(Runnable task, long delayNanos) {
        at(nowNanos + delayNanos, task);
    }
}
