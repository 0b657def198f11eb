package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Allocation;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a read takes from the heap, with the operating system's files. The bounds hold however well the code is
 * compiled; what was measured is printed.
 */
class ReadAllocationTest {

    private static final int READS = 500;
    private static final int SMALL_BYTES = 100;
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Store store;

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void cachedValue_isNotCopied() {
        open(64L * MIB);
        set(1, SMALL_BYTES);
        set(2, MIB);
        read(1);
        read(2);

        assertThat(bytesPerRead("of 100 bytes from the cache", 1)).isLessThan(250);
        assertThat(bytesPerRead("of 1 MiB from the cache", 2)).isLessThan(250);
        assertThat(store.statistics().reads().cacheMisses()).isEqualTo(2);
    }

    @Test
    void valueFromDisk_isAllocatedOnce() {
        open(0);
        set(1, SMALL_BYTES);
        set(2, MIB / 2);
        set(3, 3 * MIB);

        assertThat(bytesPerRead("of 100 bytes from disk", 1)).isLessThan(SMALL_BYTES + 700);
        assertThat(bytesPerRead("of 512 KiB from disk", 2)).isBetween(MIB / 2L, MIB / 2 + 2_000L);
        assertThat(bytesPerRead("of 3 MiB from disk", 3)).isBetween(3L * MIB, 3 * MIB + 2_000L);
    }

    private long bytesPerRead(String what, long key) {
        for (int i = 0; i < READS; i++) {
            read(key);
        }
        long bytes = Allocation.of(() -> {
                    for (int i = 0; i < READS; i++) {
                        read(key);
                    }
                })
                / READS;
        System.out.println("a read " + what + " takes " + bytes + " bytes of heap");
        return bytes;
    }

    private void open(long cacheBytesMax) {
        store = Store.open(
                directory,
                StoreOptions.DEFAULTS.toBuilder()
                        .cacheBytesMax(cacheBytesMax)
                        .reserveBytes(0)
                        .syncPolicy(SyncPolicy.OS)
                        .build());
    }

    private void set(long key, int bytes) {
        store.set(key, new byte[bytes]).toCompletableFuture().join();
    }

    private void read(long key) {
        Optional<Entry> entry = store.get(key);
        if (entry.isEmpty()) {
            throw new AssertionError("key " + key + " is gone");
        }
    }
}
