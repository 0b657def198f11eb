package dev.kvdb.server;

import dev.kvdb.engine.RecoveryProgress;
import dev.kvdb.engine.StoreStatistics;
import dev.kvdb.server.ServingCondition.State;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;
import org.jspecify.annotations.Nullable;

/**
 * The three probes.
 *
 * <ul>
 *   <li>Startup: the store has been opened; meanwhile, how far that has come.
 *   <li>Liveness: the process answers. It does not look at disk or garbage: a restart gives a full disk no space and
 *       makes a failed one no better, so a store that is only full, or busy, must not be restarted over and over.
 *   <li>Readiness: the store is open and takes writes; else why not. The gRPC health service says the same. A store in
 *       which some records are damaged is ready, and says that it is degraded: all other keys are served.
 * </ul>
 */
@Singleton
class StorageHealth {

    private final StoreLifecycle lifecycle;
    private final Scrub scrub;

    StorageHealth(StoreLifecycle lifecycle, Scrub scrub) {
        this.lifecycle = lifecycle;
        this.scrub = scrub;
    }

    @Produces
    @Singleton
    @Startup
    HealthCheck startup() {
        return () -> {
            ServingCondition condition = lifecycle.condition();
            State state = condition.state();
            HealthCheckResponseBuilder response = HealthCheckResponse.named("store opened")
                    .status(state != State.OPENING && state != State.FAILED)
                    .withData("state", state.name());
            if (state == State.OPENING) {
                lifecycle.progress().ifPresent(progress -> addProgress(response, progress));
            }
            lifecycle
                    .openStore()
                    .map(store -> store.statistics().recovery())
                    .ifPresent(recovery -> response.withData("recovery-millis", recovery.durationMillis())
                            .withData("closed-properly-before", recovery.clean()));
            addDetail(response, condition);
            return response.build();
        };
    }

    private static void addProgress(HealthCheckResponseBuilder response, RecoveryProgress progress) {
        response.withData("phase", progress.phase())
                .withData("done-bytes", progress.doneBytes())
                .withData("total-bytes", progress.totalBytes());
        if (progress.totalBytes() > 0) {
            response.withData("done-percent", 100 * progress.doneBytes() / progress.totalBytes());
        }
    }

    @Produces
    @Singleton
    @Liveness
    HealthCheck liveness() {
        return () -> HealthCheckResponse.named("process answers")
                .up()
                .withData("state", lifecycle.condition().state().name())
                .build();
    }

    @Produces
    @Singleton
    @Readiness
    HealthCheck readiness() {
        return () -> {
            ServingCondition condition = lifecycle.condition();
            HealthCheckResponseBuilder response = HealthCheckResponse.named("storage")
                    .status(condition.ready())
                    .withData("state", condition.state().name());
            addDetail(response, condition);
            lifecycle.openStore().ifPresent(store -> addFigures(response, store.statistics()));
            addFigures(response, scrub.figures());
            return response.build();
        };
    }

    static void addFigures(HealthCheckResponseBuilder response, StoreStatistics statistics) {
        response.withData("keys", statistics.keys())
                .withData("disk-free-bytes", statistics.diskFreeBytes())
                .withData("file-bytes", statistics.fileBytes())
                .withData("quota-bytes", statistics.quotaBytes())
                .withData("log-bytes", statistics.log().bytes())
                .withData("live-bytes", statistics.log().liveBytes())
                .withData("dead-bytes", statistics.log().deadBytes())
                .withData("degraded", statistics.log().damagedSegments() > 0)
                .withData("damaged-segments", statistics.log().damagedSegments())
                .withData("last-sync-error", orNone(statistics.writes().lastSyncError()))
                .withData("gc-running", statistics.garbageCollection().running())
                .withData("gc-runs", statistics.garbageCollection().runs())
                .withData("gc-failures", statistics.garbageCollection().failures())
                .withData("gc-last-error", orNone(statistics.garbageCollection().lastError()));
    }

    private static void addFigures(HealthCheckResponseBuilder response, Scrub.Figures figures) {
        response.withData("scrub-running", figures.running())
                .withData("scrub-runs", figures.runs())
                .withData("scrub-failures", figures.failures())
                .withData("scrub-last-findings", figures.lastFindings());
    }

    private static String orNone(@Nullable String text) {
        return text == null ? "none" : text;
    }

    private static void addDetail(HealthCheckResponseBuilder response, ServingCondition condition) {
        if (!condition.detail().isEmpty()) {
            response.withData("detail", condition.detail());
        }
    }
}
