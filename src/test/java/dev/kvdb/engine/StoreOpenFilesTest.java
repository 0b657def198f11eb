package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import org.junit.jupiter.api.Test;

class StoreOpenFilesTest {

    private static final int OPEN_FILES_MAX = 16;
    private static final int SEGMENT_BYTES = 64 * 1024;
    private static final int KEYS = 150;

    /** Files that the store holds beside its segments, or that its own threads have pinned. */
    private static final int SLACK = 2;

    @Test
    void manySegments_openFilesStayWithinTheLimit() throws Exception {
        CrashingFileSystem files = new CrashingFileSystem();
        StoreOptions options = StoreOptions.DEFAULTS.toBuilder()
                .segmentBytesMax(SEGMENT_BYTES)
                .valueBytesMax(SEGMENT_BYTES / 4)
                .openFilesMax(OPEN_FILES_MAX)
                .reserveBytes(0)
                .build();
        try (Store store = Store.open(files.root(), options, TestEnvironment.of(files, 1), StoreListener.NONE)) {
            for (int key = 0; key < KEYS; key++) {
                Stages.await(store.set(key, new byte[SEGMENT_BYTES / 4]));
                assertThat(files.openHandles()).hasSizeLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
            }
            for (int key = 0; key < KEYS; key++) {
                assertThat(store.get(key)).isPresent();
                assertThat(files.openHandles()).hasSizeLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
            }
        }
        assertThat(files.openHandles()).isEmpty();

        files.delete(files.path("SNAPSHOT"));
        files.takeOpenHandlesMax();
        VerificationReport report =
                new StoreVerification(TestEnvironment.of(files, 2)).run(files.root(), VerificationListener.NONE);
        assertThat(report.findings()).isEmpty();
        assertThat(report.liveRecords()).isEqualTo(KEYS);
        assertThat(files.takeOpenHandlesMax()).as("during a verification").isLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
        try (Store store = Store.open(files.root(), options, TestEnvironment.of(files, 3), StoreListener.NONE)) {
            assertThat(files.takeOpenHandlesMax()).as("during an open").isLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
            assertThat(store.statistics().keys()).isEqualTo(KEYS);
            assertThat(store.statistics().recovery().recordsScanned())
                    .as("hints are read")
                    .isLessThan(KEYS / 2);
        }
    }
}
