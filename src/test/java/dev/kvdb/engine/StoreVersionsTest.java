package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.CrashVariant;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import org.junit.jupiter.api.Test;

class StoreVersionsTest {

    private static final StoreOptions UNSYNCED = StoreOptions.DEFAULTS.toBuilder()
            .syncPolicy(SyncPolicy.OS)
            .reserveBytes(0)
            .build();

    @Test
    void crashTookAcknowledgedWritesThenOpenedAndClosed_theirVersionsAreNotGivenOutAgain() {
        CrashingFileSystem files = new CrashingFileSystem();
        Store store = open(files);
        long lost = 0;
        for (int i = 0; i < 10; i++) {
            lost = Stages.await(store.set(i, new byte[1])).version();
        }
        CrashingFileSystem image = files.crashAt(files.position(), CrashVariant.NOTHING_UNSYNCED, 0);
        store.close();

        open(image).close();

        try (Store reopened = open(image)) {
            assertThat(reopened.statistics().keys()).isZero();
            assertThat(Stages.await(reopened.set(1, new byte[1])).version()).isGreaterThan(lost);
        }
    }

    private static Store open(CrashingFileSystem files) {
        return Store.open(files.root(), UNSYNCED, TestEnvironment.of(files, 1), StoreListener.NONE);
    }
}
