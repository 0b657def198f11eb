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
 * <p>Bytes are admitted before the memory for them is taken: a request's as it arrives, a reply's before its value is
 * read. A call that is alone is admitted whatever its size, so that a server at rest answers each call, even one for a
 * value that is larger than a limit that was lowered since.
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
     * Admits a call, which must be {@link Call#end ended}.
     *
     * @throws NotServingException while the server is stopping
     * @throws OverloadedException at a limit
     */
    public Call begin(Kind kind) {
        int requests = count(kind).incrementAndGet();
        if (draining) {
            endOne(kind);
            throw NotServingException.shuttingDown();
        }
        if (kind == Kind.DATA && requests > requestsMax) {
            endOne(kind);
            throw new OverloadedException("the server's set of calls in flight", requestsMax + " requests");
        }
        return new Call(kind);
    }

    /** Adds bytes to those of a call that has {@code own} so far. */
    private void admitBytes(long size, long own) {
        long all = bytes.get();
        while (all <= own || all + size <= bytesMax) {
            if (bytes.compareAndSet(all, all + size)) {
                return;
            }
            all = bytes.get();
        }
        throw new OverloadedException("the server's memory for calls in flight", bytesMax + " bytes");
    }

    private void endOne(Kind kind) {
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

    /** Calls in flight that a stop waits for. */
    int dataRequests() {
        return data.get();
    }

    /** Calls in flight. */
    public int requests() {
        return data.get() + upkeep.get();
    }

    /** Bytes of their messages. */
    public long bytes() {
        return bytes.get();
    }

    /** A call that was admitted, and the bytes that it is charged until it ends. Safe for use by several threads. */
    public final class Call {

        private final Kind kind;
        private long charged;
        private long reserved;
        private boolean ended;

        private Call(Kind kind) {
            this.kind = kind;
        }

        /**
         * Charges a request.
         *
         * @throws OverloadedException at the limit; nothing is charged then
         */
        public synchronized void admitRequest(long size) {
            if (!ended) {
                admitBytes(size, charged);
                charged += size;
            }
        }

        /**
         * Charges a reply that is to be made, or sets right what it was charged before.
         *
         * @param size the reply's bytes, at most or exactly
         * @throws OverloadedException at the limit; the charge is then as before
         */
        public synchronized void reserveReply(long size) {
            if (ended) {
                return;
            }
            if (size > reserved) {
                admitBytes(size - reserved, charged);
            } else {
                bytes.addAndGet(size - reserved);
            }
            charged += size - reserved;
            reserved = size;
        }

        /**
         * Charges a reply that is sent, with what was reserved for it. One for which too little was reserved is not
         * refused: it tells what a write has done.
         */
        public synchronized void sendReply(long size) {
            if (!ended) {
                bytes.addAndGet(size - reserved);
                charged += size - reserved;
                reserved = 0;
            }
        }

        /** Whether the reply has left, or no one waits for it any more. */
        public synchronized boolean ended() {
            return ended;
        }

        /** The reply has left, or the client has gone. Charges nothing any more; does nothing the second time. */
        public synchronized void end() {
            if (!ended) {
                ended = true;
                bytes.addAndGet(-charged);
                endOne(kind);
            }
        }
    }
}
