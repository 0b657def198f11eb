package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Refuses all that the committer took and did not answer, wherever it is by then: none of it may wait for ever.
 *
 * <p>Belongs to the committer thread.
 */
final class Refusals {

    private static final Logger LOG = System.getLogger(Refusals.class.getName());

    private final WriteQueue queue;
    private final WriteGroup group;
    private final Availability availability;
    private final WriteCounters counters;

    Refusals(WriteQueue queue, WriteGroup group, Availability availability, WriteCounters counters) {
        this.queue = queue;
        this.group = group;
        this.availability = availability;
        this.counters = counters;
    }

    /**
     * What failed could not be dealt with, for want of memory most likely. Goes on until all writes that were taken are
     * answered, with what was made beforehand; the thread stays, to answer those that come. Throws nothing.
     */
    void refuseAtLast(Throwable cause) {
        boolean answered = false;
        while (!answered) {
            try {
                refuseTaken(availability.failAtLast());
                answered = true;
            } catch (Throwable another) {
                // Each attempt comes further, or finds memory again.
                Thread.onSpinWait();
            }
        }
        try {
            LOG.log(Level.ERROR, "the committer could not deal with a failure, and refuses all writes", cause);
        } catch (Throwable another) {
            // The state says that writing has failed; there is no one else to tell.
            Thread.onSpinWait();
        }
    }

    /**
     * Refuses all that was taken and is not answered. Where an answer failed half way, whoever waits for it and was not
     * told yet is told now.
     */
    void refuseTaken(StoreException refusal) {
        group.clear();
        queue.releaseTaken();
        queue.forEachTaken(write -> {
            if (write instanceof PendingWrite.OfKey && !write.isDone()) {
                counters.failed.increment();
            }
            write.fail(refusal);
        });
    }
}
