package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.StoreException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;

/**
 * Refuses all that the committer took and did not answer, wherever it is by then: none of it may wait for ever.
 *
 * <p>Belongs to the committer thread.
 */
final class Refusals {

    private static final Logger LOG = System.getLogger(Refusals.class.getName());

    /** Between attempts, for others to give memory back. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final WriteQueue queue;
    private final WriteGroup group;
    private final Availability availability;
    private final WriteCounters counters;
    private final Clock clock;

    Refusals(WriteQueue queue, WriteGroup group, Availability availability, WriteCounters counters, Clock clock) {
        this.queue = queue;
        this.group = group;
        this.availability = availability;
        this.counters = counters;
        this.clock = clock;
    }

    /**
     * What failed could not be dealt with, for want of memory most likely. Goes on until all writes that were taken are
     * answered, with what was made beforehand: a lambda here would be made, and linked, when there is no memory for it.
     * The thread stays, to answer those that come. Throws nothing.
     */
    void refuseAtLast(Throwable cause) {
        boolean answered = false;
        while (!answered) {
            try {
                refuseTaken(availability.failAtLast());
                answered = true;
            } catch (Throwable another) {
                // Each attempt comes further, or finds memory again.
                clock.parkNanos(PAUSE_NANOS);
            }
        }
        try {
            LOG.log(Level.ERROR, "the committer could not deal with a failure, and refuses all writes", cause);
        } catch (Throwable ignored) {
            // The state says that writing has failed; there is no one else to tell.
        }
    }

    /**
     * Refuses all that was taken and is not answered. Where an answer failed half way, whoever waits for it and was not
     * told yet is told now.
     */
    void refuseTaken(StoreException refusal) {
        group.clear();
        queue.releaseTaken();
        for (PendingWrite<?> write = queue.allTaken(); write != null; write = write.neighbour) {
            refuse(write, refusal);
        }
    }

    private void refuse(PendingWrite<?> write, StoreException refusal) {
        boolean answeredBefore = write.isDone();
        try {
            write.fail(refusal);
        } finally {
            if (write instanceof PendingWrite.OfKey && !answeredBefore && write.isDone()) {
                counters.failed.increment();
            }
        }
    }
}
