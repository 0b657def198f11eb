package dev.kvdb.server;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.VerificationListener;
import dev.kvdb.engine.VerificationRequest;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.VerificationRunningException;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.server.config.ServerSettings;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.quarkus.scheduler.Scheduler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * Verifies the open store each {@code kvdb.scrub.period}, at a limited rate, in a worker thread. Runs do not overlap. A
 * finding is logged once for its file and offset, however often it is met; of those a bounded number is remembered.
 *
 * <p>Safe for use by several threads.
 */
@Singleton
public class Scrub {

    private static final Logger LOG = Logger.getLogger(Scrub.class);
    private static final int PLACES_MAX = 10_000;

    private final ServerSettings settings;
    private final StoreLifecycle lifecycle;
    private final DistinctLog distinctLog = new DistinctLog(LOG);
    private final Set<String> places = ConcurrentHashMap.newKeySet();
    private final AtomicLong runs = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong checkedBytes = new AtomicLong();
    private final AtomicLong findings = new AtomicLong();
    private volatile boolean running;
    private volatile long lastFindings;

    /**
     * What scrubs did since the start.
     *
     * @param scheduled whether there are any
     * @param running whether one is running now
     * @param runs those that came to their end
     * @param failures those that did not, a stop of the server aside
     * @param checkedBytes log bytes checked
     * @param findings places at which something was found, each counted once
     * @param lastFindings findings of the newest run that came to its end
     */
    public record Figures(
            boolean scheduled,
            boolean running,
            long runs,
            long failures,
            long checkedBytes,
            long findings,
            long lastFindings) {}

    Scrub(ServerSettings settings, StoreLifecycle lifecycle) {
        this.settings = settings;
        this.lifecycle = lifecycle;
    }

    void schedule(@Observes StartupEvent event, Scheduler scheduler) {
        settings.scrubPeriod().ifPresent(period -> {
            String every = period.toString();
            scheduler
                    .newJob("scrub")
                    .setInterval(every)
                    .setDelayed(every)
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(execution -> run())
                    .schedule();
        });
    }

    /** What scrubs did since the start. */
    public Figures figures() {
        return new Figures(
                settings.scrubPeriod().isPresent(),
                running,
                runs.get(),
                failures.get(),
                checkedBytes.get(),
                findings.get(),
                lastFindings);
    }

    /** Verifies the store once, where it is open. */
    void run() {
        lifecycle.openStore().ifPresent(this::run);
    }

    private void run(Store store) {
        running = true;
        try {
            VerificationReport report = store.verify(
                    new VerificationRequest(
                            settings.scrubBytesPerSecondMax(),
                            () -> lifecycle.condition().isEnding()),
                    new Listener());
            lastFindings = report.findingsTotal();
            runs.incrementAndGet();
            distinctLog.reset();
            LOG.infof(
                    "scrubbed the store: %d files, %d KiB, %d findings, %d ms",
                    report.files(), report.bytes() >> 10, report.findingsTotal(), report.durationMillis());
        } catch (VerificationRunningException e) {
            LOG.infof("left out a scrub: %s", e.getMessage());
        } catch (StoreClosedException | CancellationException e) {
            // The server is stopping.
        } catch (StoreException e) {
            failures.incrementAndGet();
            distinctLog.error("a scrub failed, and is tried again: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            failures.incrementAndGet();
            distinctLog.error("a scrub failed because of a defect of kvdb, and is tried again", e);
        } finally {
            running = false;
        }
    }

    /** Hears one run, in its thread. */
    private final class Listener implements VerificationListener {

        private long doneBefore;

        @Override
        public void progressed(long doneBytes, long totalBytes) {
            checkedBytes.addAndGet(doneBytes - doneBefore);
            doneBefore = doneBytes;
        }

        @Override
        public void found(Finding finding) {
            if (places.size() < PLACES_MAX && places.add(finding.offset() + " " + finding.file())) {
                findings.incrementAndGet();
                LOG.errorf(
                        "a scrub found damage (%s): %s at offset %d: %s",
                        finding.kind().name().toLowerCase(Locale.ROOT),
                        finding.file(),
                        finding.offset(),
                        finding.message());
            }
        }
    }
}
