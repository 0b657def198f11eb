package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.server.StatisticsSample;
import dev.kvdb.v1.CacheStatus;
import dev.kvdb.v1.GarbageCollectionStatus;
import dev.kvdb.v1.LogStatus;
import dev.kvdb.v1.RecoveryStatus;
import dev.kvdb.v1.StatusResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusReportTest {

    @Test
    void figures_areThoseOfTheStore() {
        StatusResponse.Builder status = StatusResponse.newBuilder();

        StatusReport.addFigures(status, StatisticsSample.make(true));

        assertThat(status.build())
                .isEqualTo(StatusResponse.newBuilder()
                        .setKeys(101)
                        .setLastVersion(102)
                        .setDiskFreeBytes(103)
                        .setFileBytes(106)
                        .setQuotaBytes(107)
                        .setIndexBytes(104)
                        .setIndexBytesMax(108)
                        .setKeysForecast(5)
                        .setOpenFiles(105)
                        .setLog(LogStatus.newBuilder()
                                .setSegments(201)
                                .setBytes(202)
                                .setLiveBytes(203)
                                .setDeadBytes(204)
                                .setDamagedSegments(206))
                        .setLastSyncError("sync error")
                        .setWriteAmplification(2)
                        .setCache(CacheStatus.newBuilder()
                                .setHits(501)
                                .setMisses(502)
                                .setBytes(504))
                        .setGarbageCollection(GarbageCollectionStatus.newBuilder()
                                .setRunning(true)
                                .setRuns(601)
                                .setFailures(602)
                                .setBytesCopied(603)
                                .setBytesReclaimed(604)
                                .setLastError("gc error"))
                        .setRecovery(RecoveryStatus.newBuilder()
                                .setDurationMillis(7_000)
                                .setClean(true)
                                .setRecordsScanned(702)
                                .setHintsRebuilt(703)
                                .setTornBytes(704))
                        .build());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void runningCollection_isShown(boolean running) {
        StatusResponse.Builder status = StatusResponse.newBuilder();
        StatusReport.addFigures(status, StatisticsSample.make(running));
        assertThat(status.getGarbageCollection().getRunning()).isEqualTo(running);
    }
}
