package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.OverloadedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UpkeepThreadsTest {

    private final UpkeepThreads threads = new UpkeepThreads();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    @AfterEach
    void stop() {
        end.complete(null);
        threads.stop();
    }

    @Test
    void collectionsThatTakeLong_areRefusedBeyondTheQueue_andReportsGoOn() {
        for (int i = 0; i < UpkeepThreads.COLLECTIONS_MAX + UpkeepThreads.QUEUED_COLLECTIONS_MAX; i++) {
            threads.collect(end::join);
        }
        assertThatThrownBy(() -> threads.collect(end::join)).isInstanceOf(OverloadedException.class);

        CompletableFuture<String> thread = new CompletableFuture<>();
        threads.report(() -> thread.complete(Thread.currentThread().getName()));

        assertThat(thread.orTimeout(1, TimeUnit.MINUTES).join()).isEqualTo("kvdb-status-1");
    }

    @Test
    void verificationsThatTakeLong_areRefusedBeyondTheQueue_andCollectionsGoOn() {
        for (int i = 0; i < UpkeepThreads.VERIFICATIONS_MAX + UpkeepThreads.QUEUED_VERIFICATIONS_MAX; i++) {
            threads.verify(end::join);
        }
        assertThatThrownBy(() -> threads.verify(end::join)).isInstanceOf(OverloadedException.class);

        CompletableFuture<String> thread = new CompletableFuture<>();
        threads.collect(() -> thread.complete(Thread.currentThread().getName()));

        assertThat(thread.orTimeout(1, TimeUnit.MINUTES).join()).isEqualTo("kvdb-upkeep-1");
    }

    @Test
    void reportsThatHang_areRefusedBeyondTheQueue() {
        for (int i = 0; i < 1 + UpkeepThreads.QUEUED_REPORTS_MAX; i++) {
            threads.report(end::join);
        }

        assertThatThrownBy(() -> threads.report(end::join)).isInstanceOf(OverloadedException.class);
    }
}
