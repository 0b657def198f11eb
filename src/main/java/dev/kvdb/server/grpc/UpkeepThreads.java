package dev.kvdb.server.grpc;

import dev.kvdb.engine.error.OverloadedException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

/**
 * The threads of the calls of {@code Admin}. A report has one of its own: it is asked for when something takes long, so
 * it must not wait behind that.
 */
@Singleton
class UpkeepThreads {

    /** One that collects, and one that tells others that it does. */
    static final int COLLECTIONS_MAX = 2;

    static final int QUEUED_COLLECTIONS_MAX = 16;
    /** One that verifies, and one that tells others that it does. */
    static final int VERIFICATIONS_MAX = 2;

    static final int QUEUED_VERIFICATIONS_MAX = 4;
    static final int QUEUED_REPORTS_MAX = 64;

    private final BoundedThreads collections = new BoundedThreads(
            "kvdb-upkeep", "the queue of garbage collections", COLLECTIONS_MAX, QUEUED_COLLECTIONS_MAX);
    private final BoundedThreads verifications = new BoundedThreads(
            "kvdb-verify", "the queue of verifications", VERIFICATIONS_MAX, QUEUED_VERIFICATIONS_MAX);
    private final BoundedThreads reports =
            new BoundedThreads("kvdb-status", "the queue of status calls", 1, QUEUED_REPORTS_MAX);

    /**
     * Runs what collects garbage, and may take minutes.
     *
     * @throws OverloadedException where the queue is full
     */
    void collect(Runnable collection) {
        collections.execute(collection);
    }

    /**
     * Runs what verifies the store, and may take hours.
     *
     * @throws OverloadedException where the queue is full
     */
    void verify(Runnable verification) {
        verifications.execute(verification);
    }

    /**
     * Runs what looks at the store and at its disk.
     *
     * @throws OverloadedException where the queue is full
     */
    void report(Runnable report) {
        reports.execute(report);
    }

    @PreDestroy
    void stop() {
        collections.stop();
        verifications.stop();
        reports.stop();
    }
}
