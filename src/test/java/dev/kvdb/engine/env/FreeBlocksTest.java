package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.FileStore;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;
import org.junit.jupiter.api.Test;

/** A file system of 100,000 bytes that keeps 5,000 for some users. */
public class FreeBlocksTest {

    private static final long KEPT = 5_000;

    private final FreeBlocks blocks = new FreeBlocks();
    private final KeepingStore store = new KeepingStore();

    @Test
    void fileSystemThatRefusedNothing_allThatIsFreeMayBeWritten() throws IOException {
        assertThat(blocks.writableBytes(store)).isEqualTo(100_000);
        store.free = 3_000;
        assertThat(blocks.writableBytes(store)).isEqualTo(3_000);
    }

    @Test
    void processThatMayTakeWhatIsKept_mayTakeAllThatIsFreed() throws IOException {
        store.free = 0;
        blocks.noSpace(store);
        assertThat(blocks.writableBytes(store)).isZero();
        store.free = 3_000;
        assertThat(blocks.writableBytes(store)).isEqualTo(3_000);
        store.free = 12_000;
        assertThat(blocks.writableBytes(store)).isEqualTo(12_000);
    }

    @Test
    void processThatMayNot_isToldSoByAWriteThatFails() throws IOException {
        store.free = KEPT;
        blocks.noSpace(store);
        assertThat(blocks.writableBytes(store)).isZero();
        // Those for whom they are kept use some.
        store.free = 1_000;
        assertThat(blocks.writableBytes(store)).isZero();
        store.free = 8_000;
        assertThat(blocks.writableBytes(store)).isEqualTo(3_000);
    }

    @Test
    void writeRefusedWhereThereIsSpace_leavesWhatOthersMayUse() throws IOException {
        store.free = 60_000;
        blocks.noSpace(store);
        assertThat(blocks.writableBytes(store)).isEqualTo(55_000);
    }

    /** All of them, for those who plant bugs; how many there are. */
    public static int checkAll() throws ReflectiveOperationException {
        int tests = 0;
        for (Method method : FreeBlocksTest.class.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Test.class)) {
                method.invoke(new FreeBlocksTest());
                tests++;
            }
        }
        return tests;
    }

    /** What it has left is set from outside. */
    private static final class KeepingStore extends FileStore {

        private long free = 100_000;

        @Override
        public long getUsableSpace() {
            return Math.max(0, free - KEPT);
        }

        @Override
        public long getUnallocatedSpace() {
            return free;
        }

        @Override
        public long getTotalSpace() {
            return 100_000;
        }

        @Override
        public String name() {
            return "keeping";
        }

        @Override
        public String type() {
            return "keeping";
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public boolean supportsFileAttributeView(Class<? extends FileAttributeView> type) {
            return false;
        }

        @Override
        public boolean supportsFileAttributeView(String name) {
            return false;
        }

        @Override
        public <V extends FileStoreAttributeView> V getFileStoreAttributeView(Class<V> type) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Object getAttribute(String attribute) {
            throw new UnsupportedOperationException();
        }
    }
}
