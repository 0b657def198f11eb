package dev.kvdb.server.grpc;

import dev.kvdb.engine.StoreStatistics;
import dev.kvdb.server.Scrub;
import dev.kvdb.server.ServingCondition;
import dev.kvdb.server.StoreLifecycle;
import dev.kvdb.v1.CacheStatus;
import dev.kvdb.v1.GarbageCollectionStatus;
import dev.kvdb.v1.LogStatus;
import dev.kvdb.v1.RecoveryStatus;
import dev.kvdb.v1.ScrubStatus;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.StoreState;
import jakarta.inject.Singleton;
import java.lang.management.ManagementFactory;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Puts the store's figures into a reply. While the store is being opened, only its state is known. */
@Singleton
class StatusReport {

    private final StoreLifecycle lifecycle;
    private final Scrub scrub;
    private final String serverVersion;

    StatusReport(
            StoreLifecycle lifecycle,
            Scrub scrub,
            @ConfigProperty(name = "quarkus.application.version") String serverVersion) {
        this.lifecycle = lifecycle;
        this.scrub = scrub;
        this.serverVersion = serverVersion;
    }

    StatusResponse make() {
        ServingCondition condition = lifecycle.condition();
        StatusResponse.Builder status = StatusResponse.newBuilder()
                .setServerVersion(serverVersion)
                .setState(state(condition.state()))
                .setStateDetail(condition.detail())
                .setUptimeMillis(ManagementFactory.getRuntimeMXBean().getUptime());
        lifecycle.openStore().ifPresent(store -> addFigures(status, store.statistics()));
        Scrub.Figures scrubbed = scrub.figures();
        status.setScrub(ScrubStatus.newBuilder()
                .setScheduled(scrubbed.scheduled())
                .setRunning(scrubbed.running())
                .setRuns(scrubbed.runs())
                .setFailures(scrubbed.failures())
                .setLastFindings(scrubbed.lastFindings()));
        return status.build();
    }

    private static StoreState state(ServingCondition.State state) {
        return switch (state) {
            case OPENING -> StoreState.STORE_STATE_OPENING;
            case WRITABLE -> StoreState.STORE_STATE_WRITABLE;
            case DISK_FULL -> StoreState.STORE_STATE_DISK_FULL;
            case READ_ONLY -> StoreState.STORE_STATE_READ_ONLY;
            case DRAINING, CLOSED, FAILED -> StoreState.STORE_STATE_CLOSED;
        };
    }

    static void addFigures(StatusResponse.Builder status, StoreStatistics statistics) {
        status.setKeys(statistics.keys())
                .setLastVersion(statistics.lastVersion())
                .setFileBytes(statistics.fileBytes())
                .setIndexBytes(statistics.indexBytes())
                .setOpenFiles(statistics.openFiles())
                .setLog(LogStatus.newBuilder()
                        .setSegments(statistics.log().segments())
                        .setBytes(statistics.log().bytes())
                        .setLiveBytes(statistics.log().liveBytes())
                        .setDeadBytes(statistics.log().deadBytes())
                        .setDamagedSegments(statistics.log().damagedSegments()))
                .setCache(CacheStatus.newBuilder()
                        .setHits(statistics.reads().cacheHits())
                        .setMisses(statistics.reads().cacheMisses())
                        .setBytes(statistics.reads().cacheBytes()))
                .setGarbageCollection(garbageCollection(statistics.garbageCollection()))
                .setRecovery(RecoveryStatus.newBuilder()
                        .setDurationMillis(statistics.recovery().durationMillis())
                        .setClean(statistics.recovery().clean())
                        .setRecordsScanned(statistics.recovery().recordsScanned())
                        .setHintsRebuilt(statistics.recovery().hintsRebuilt())
                        .setTornBytes(statistics.recovery().tornBytes()));
        if (statistics.diskFreeBytes() >= 0) {
            status.setDiskFreeBytes(statistics.diskFreeBytes());
        }
        if (statistics.indexBytesMax() > 0) {
            status.setIndexBytesMax(statistics.indexBytesMax()).setKeysForecast(statistics.keysForecast());
        }
        if (statistics.quotaBytes() > 0) {
            status.setQuotaBytes(statistics.quotaBytes());
        }
        StoreStatistics.Writes writes = statistics.writes();
        if (writes.lastSyncError() != null) {
            status.setLastSyncError(writes.lastSyncError());
        }
        if (writes.userBytes() > 0) {
            status.setWriteAmplification((double) writes.fileBytes() / writes.userBytes());
        }
    }

    private static GarbageCollectionStatus garbageCollection(StoreStatistics.GarbageCollection collected) {
        GarbageCollectionStatus.Builder status = GarbageCollectionStatus.newBuilder()
                .setRunning(collected.running())
                .setRuns(collected.runs())
                .setFailures(collected.failures())
                .setBytesCopied(collected.bytesCopied())
                .setBytesReclaimed(collected.bytesReclaimed());
        if (collected.lastError() != null) {
            status.setLastError(collected.lastError());
        }
        return status.build();
    }
}
