package dev.kvdb.engine;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.gc.AppliedWrites;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * The store's writes, for those who work beside them: what was applied, and orders to the committer that take their
 * turn among the writes.
 *
 * <p>Safe for use by several threads; not by the committer's, which each order waits for.
 */
final class LogWrites implements AppliedWrites {

    private static final Logger LOG = System.getLogger(LogWrites.class.getName());

    private final WriteQueue queue;
    private final ValueCache cache;
    private final LongSupplier lastVersion;
    private final Availability availability;
    private final WriteCounters counters;

    /** Orders that were given and not carried out yet. */
    private final AtomicInteger orders = new AtomicInteger();

    /** @param lastVersion the newest applied version */
    LogWrites(
            WriteQueue queue,
            ValueCache cache,
            LongSupplier lastVersion,
            Availability availability,
            WriteCounters counters) {
        this.queue = queue;
        this.cache = cache;
        this.lastVersion = lastVersion;
        this.availability = availability;
        this.counters = counters;
    }

    @Override
    public long lastVersion() {
        return lastVersion.getAsLong();
    }

    @Override
    public long nextVersion() {
        return lastVersion() + 1;
    }

    /** Bytes of keys and values that were written. */
    long userBytes() {
        return counters.userBytes.sum();
    }

    /** Whether anyone waits for the committer to carry an order out. */
    boolean isCommitterWaitedFor() {
        return orders.get() > 0;
    }

    @Override
    public void sync() {
        carryOut(new PendingWrite.Control(PendingWrite.Control.Action.SYNC));
    }

    @Override
    public void moved(long key, long from, long to) {
        cache.relocate(key, from, to);
    }

    /** Seals the segment that is appended to, unless the disk has no room for that; then the reserve is given up. */
    void seal() {
        try {
            carryOut(new PendingWrite.Control(PendingWrite.Control.Action.SEAL));
        } catch (DiskFullException e) {
            LOG.log(Level.DEBUG, "the segment that is appended to is not sealed: " + e.getMessage());
        }
    }

    /**
     * Ends writing, because it is unknown what is on disk: in the order of writes, so that no acknowledgement follows.
     * Where the committer takes no more, ends it at once.
     *
     * @return what writes are refused with from now on
     */
    StoreException endWriting(IOException cause) {
        try {
            carryOut(new PendingWrite.Control(cause));
        } catch (StoreClosedException e) {
            counters.failedWith(cause);
        } catch (StoreException e) {
            return e;
        }
        return availability.fail(StoreReadOnlyException.Reason.IO_FAILED, SystemReason.of(cause));
    }

    /** Returns when the group that was being applied is a part of its segment. A refusal comes after that, too. */
    void awaitApplied() {
        try {
            sync();
        } catch (StoreException e) {
            LOG.log(Level.DEBUG, "the committer refused a sync, after what was waited for: " + e.getMessage());
        }
    }

    private void carryOut(PendingWrite.Control control) {
        orders.incrementAndGet();
        // In the thread that carries it out: whoever waits may take a while to learn of it.
        CompletableFuture<?> unused = control.whenComplete((done, failure) -> orders.decrementAndGet());
        try {
            queue.offer(control);
        } catch (StoreException e) {
            control.fail(e);
            throw e;
        }
        try {
            control.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StoreException cause ? cause : e;
        }
    }
}
