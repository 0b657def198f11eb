package dev.kvdb.server;

import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Looks for garbage that is worth collecting each {@code kvdb.gc.period}, in a worker thread. A look that finds nothing
 * is cheap. Runs do not overlap; a failure is logged once and does not end the schedule. The store counts failures.
 */
@Singleton
class GarbageCollectionJob {

    private static final Logger LOG = Logger.getLogger(GarbageCollectionJob.class);

    private final StoreLifecycle lifecycle;
    private final DistinctLog distinctLog = new DistinctLog(LOG);

    GarbageCollectionJob(StoreLifecycle lifecycle) {
        this.lifecycle = lifecycle;
    }

    @Scheduled(
            identity = "garbage-collection",
            every = "{kvdb.gc.period}",
            delayed = "{kvdb.gc.period}",
            concurrentExecution = ConcurrentExecution.SKIP)
    void run() {
        Optional<Store> store = lifecycle.openStore();
        if (store.isEmpty()) {
            return;
        }
        try {
            report(store.get().collectGarbage(GarbageCollectionRequest.WORTHWHILE));
            distinctLog.reset();
        } catch (StoreClosedException | StoreReadOnlyException e) {
            // The server is stopping, and the close has ended this run; or the store has said why it writes no more.
        } catch (StoreException e) {
            distinctLog.error("garbage collection failed, and is tried again: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            distinctLog.error("garbage collection failed because of a defect of kvdb, and is tried again", e);
        }
    }

    private static void report(GarbageCollectionReport report) {
        if (!report.skipped() && report.segmentsCollected() > 0) {
            LOG.infof(
                    "collected garbage: %s, %d KiB copied, %d KiB reclaimed, %d ms",
                    StoreLifecycle.count(report.segmentsCollected(), "segment"),
                    report.bytesCopied() >> 10,
                    report.bytesReclaimed() >> 10,
                    report.durationMillis());
        }
    }
}
