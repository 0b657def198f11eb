package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import org.junit.jupiter.api.Test;

class StoreOpenFilesTest {

    private static final int OPEN_FILES_MAX = 16;
    private static final int SEGMENT_BYTES = 64 * 1024;

    /** Files that the store holds beside its segments, or that its own threads have pinned. */
    private static final int SLACK = 2;

    @Test
    void manySegmentsWrittenAndNoneRead_openFilesStayWithinTheLimit() {
        CrashingFileSystem files = new CrashingFileSystem();
        StoreOptions options = StoreOptions.DEFAULTS.toBuilder()
                .segmentBytesMax(SEGMENT_BYTES)
                .valueBytesMax(SEGMENT_BYTES / 4)
                .openFilesMax(OPEN_FILES_MAX)
                .reserveBytes(0)
                .build();
        try (Store store = Store.open(files.root(), options, TestEnvironment.of(files, 1), StoreListener.NONE)) {
            for (int key = 0; key < 150; key++) {
                Stages.await(store.set(key, new byte[SEGMENT_BYTES / 4]));
                assertThat(files.openHandles()).hasSizeLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
            }
            for (int key = 0; key < 150; key++) {
                assertThat(store.get(key)).isPresent();
                assertThat(files.openHandles()).hasSizeLessThanOrEqualTo(OPEN_FILES_MAX + SLACK);
            }
        }
        assertThat(files.openHandles()).isEmpty();
    }
}
