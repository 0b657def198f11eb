package dev.kvdb.server;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.server.config.ServerSettings;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts calls and their bytes from arrival until their reply has left, keeps both below the configured limits, and
 * lets a stop wait for them.
 *
 * <p>Upkeep (collecting garbage, status) is counted apart: a stop does not wait for it before it closes the store,
 * because it is the close that ends a long collection. Safe for use by several threads.
 */
@Singleton
public class CallsInFlight {

    /** What a call is for. */
    public enum Kind {
        /** Reads and writes of keys. */
        DATA,
        /** Operations on the store. */
        UPKEEP,
    }

    private final int requestsMax;
    private final long bytesMax;
    private final AtomicInteger data = new AtomicInteger();
    private final AtomicInteger upkeep = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final CompletableFuture<Void> dataEnded = new CompletableFuture<>();
    private final CompletableFuture<Void> allEnded = new CompletableFuture<>();
    private volatile boolean draining;
    private volatile boolean stopped;

    CallsInFlight(ServerSettings settings) {
        requestsMax = settings.requestsInFlightMax();
        bytesMax = settings.bytesInFlightMax();
    }

    /**
     * Admits a call. Each admitted one must be ended by {@link #end}.
     *
     * @throws NotServingException while the server is stopping
     * @throws OverloadedException at a limit
     */
    public void begin(Kind kind) {
        int requests = count(kind).incrementAndGet();
        if (draining) {
            end(kind, 0);
            throw NotServingException.shuttingDown();
        }
        if (kind == Kind.DATA && requests > requestsMax) {
            end(kind, 0);
            throw new OverloadedException("the server's set of calls in flight", requestsMax + " requests");
        }
    }

    /**
     * Adds a request's bytes to its call.
     *
     * @throws OverloadedException at the limit; the bytes are not counted then
     */
    public void admitBytes(long size) {
        if (bytes.addAndGet(size) > bytesMax) {
            bytes.addAndGet(-size);
            throw new OverloadedException("the server's memory for calls in flight", bytesMax + " bytes");
        }
    }

    /**
     * Adds a reply's bytes to its call. They are there already, so they are only counted: it is new calls that are
     * refused.
     */
    public void holdBytes(long size) {
        bytes.addAndGet(size);
    }

    /** Ends a call that was admitted, with the bytes that it was charged. */
    public void end(Kind kind, long size) {
        bytes.addAndGet(-size);
        count(kind).decrementAndGet();
        if (draining) {
            completeEnded();
        }
    }

    /** From now on calls are refused. */
    void drain() {
        draining = true;
        completeEnded();
    }

    /** The drain has ended: from now on nothing answers calls. */
    void stop() {
        stopped = true;
    }

    /** Whether the drain has ended. */
    public boolean stopped() {
        return stopped;
    }

    private void completeEnded() {
        if (data.get() == 0) {
            dataEnded.complete(null);
            if (upkeep.get() == 0) {
                allEnded.complete(null);
            }
        }
    }

    /** Waits until no data call is in flight; false where the time was not enough. Only after {@link #drain}. */
    boolean awaitDataEnded(Duration timeout) {
        return await(dataEnded, timeout);
    }

    /** Waits until no call is in flight; false where the time was not enough. Only after {@link #drain}. */
    boolean awaitAllEnded(Duration timeout) {
        return await(allEnded, timeout);
    }

    private static boolean await(CompletableFuture<Void> future, Duration timeout) {
        try {
            future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private AtomicInteger count(Kind kind) {
        return kind == Kind.DATA ? data : upkeep;
    }

    /** Calls in flight. */
    public int requests() {
        return data.get() + upkeep.get();
    }

    /** Bytes of their messages. */
    public long bytes() {
        return bytes.get();
    }
}
