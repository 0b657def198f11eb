package dev.kvdb.server;

import io.quarkus.smallrye.health.runtime.ShutdownReadinessCheck;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.Readiness;

/**
 * Runs the drain in Quarkus' pre-shutdown phase: the only moment at which both servers still answer, so that probes see
 * the server not ready while calls in flight finish.
 *
 * <p>Quarkus has no event for that phase; it tells this check, synchronously, before it goes on. Should that change,
 * the shutdown event still runs the drain, only with the HTTP server down already.
 */
@Readiness
@Singleton
@Typed(ShutdownReadinessCheck.class)
@Alternative
@Priority(1)
class DrainingReadinessCheck extends ShutdownReadinessCheck {

    private final Drain drain;

    DrainingReadinessCheck(Drain drain) {
        this.drain = drain;
    }

    @Override
    public void shutdown() {
        super.shutdown();
        drain.run();
    }
}
