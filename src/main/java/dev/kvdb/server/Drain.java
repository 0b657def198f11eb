package dev.kvdb.server;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.server.config.ServerSettings;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduler;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * Stops the server in an order that loses nothing: not ready any more, no new calls, calls in flight finish, the store
 * closes, and only then the transports go down, that of the calls first. It takes the grace period and a few seconds at
 * most: an orchestrator kills what does not end, and what a kill leaves behind is no better than what an unfinished
 * close does.
 *
 * <p>Quarkus' separate gRPC server drops calls in flight when it stops, so this must have ended before. It is run by
 * {@link DrainingReadinessCheck} while the HTTP server still answers, and otherwise, where that did not happen, by the
 * shutdown event.
 */
@Singleton
class Drain {

    private static final Logger LOG = Logger.getLogger("dev.kvdb.server");

    /** For the replies of upkeep that the closing store has ended, and for the connections to close. */
    private static final Duration LAST_REPLIES = Duration.ofSeconds(2);

    private final ServerSettings settings;
    private final StoreLifecycle lifecycle;
    private final CallsInFlight calls;
    private final CallTransport transport;
    private final Scheduler scheduler;
    private final Clock clock;
    private final AtomicBoolean begun = new AtomicBoolean();

    Drain(
            ServerSettings settings,
            StoreLifecycle lifecycle,
            CallsInFlight calls,
            CallTransport transport,
            Scheduler scheduler,
            Environment environment) {
        this.settings = settings;
        this.lifecycle = lifecycle;
        this.calls = calls;
        this.transport = transport;
        this.scheduler = scheduler;
        this.clock = environment.clock();
    }

    void onShutdown(@Observes @Priority(1) ShutdownEvent event) {
        run();
    }

    /** Drains the server and closes the store, in the calling thread. Does nothing the second time. */
    void run() {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        long begin = clock.nanoTime();
        lifecycle.drain();
        scheduler.pause();
        calls.drain();
        String gracePeriod = text(settings.gracePeriod());
        int inFlight = calls.dataRequests();
        if (inFlight > 0) {
            LOG.infof("stopping: %s in flight may take up to %s", StoreLifecycle.count(inFlight, "call"), gracePeriod);
        }
        if (!calls.awaitDataEnded(settings.gracePeriod())) {
            LOG.warnf(
                    "%s did not finish within kvdb.shutdown.grace-period (%s); what is left is dropped",
                    StoreLifecycle.count(calls.dataRequests(), "call"), gracePeriod);
        }
        lifecycle.close(settings.gracePeriod().minusNanos(clock.nanoTime() - begin));
        long closed = clock.nanoTime();
        calls.awaitAllEnded(LAST_REPLIES);
        calls.stop();
        transport.close(LAST_REPLIES.minusNanos(clock.nanoTime() - closed));
    }

    static String text(Duration duration) {
        return duration.toMillisPart() == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }
}
