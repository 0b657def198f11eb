package dev.kvdb.engine;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.SystemReason;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;

/**
 * What collections and snapshots have the committer do between two writes. Each method waits for it, and must not be
 * called in the committer's thread.
 *
 * <p>Safe for use by several threads.
 */
final class LogUpkeep {

    private static final Logger LOG = System.getLogger(LogUpkeep.class.getName());

    private final WriteQueue queue;
    private final Availability availability;
    private final WriteCounters counters;

    LogUpkeep(WriteQueue queue, Availability availability, WriteCounters counters) {
        this.queue = queue;
        this.availability = availability;
        this.counters = counters;
    }

    /** Makes all writes durable that were applied before. */
    void sync() {
        carryOut(new PendingWrite.Control(PendingWrite.Control.Action.SYNC));
    }

    /** Seals the segment that is appended to, unless the disk has no room for that; then the reserve is given up. */
    void sealActive() {
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

    private void carryOut(PendingWrite.Control control) {
        queue.offer(control);
        try {
            control.done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StoreException cause ? cause : e;
        }
    }
}
