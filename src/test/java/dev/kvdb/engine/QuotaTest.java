package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class QuotaTest {

    private static final int KIB = 1024;
    private static final long QUOTA = 512 * KIB;
    private static final int VALUE_BYTES = 3_000;
    private static final StoreOptions OPTIONS = MemoryStore.SMALL.toBuilder()
            .reserveBytes(80 * KIB)
            .quotaBytes(QUOTA)
            .build();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void setsUpToTheQuota_thenTheyAreRefusedWithAReason_andNoMoreIsUsed() throws IOException {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);

            DiskFullException refusal =
                    catchThrowableOfType(DiskFullException.class, () -> store.set(keys, VALUE_BYTES));
            assertThat(refusal.isQuotaReached()).isTrue();
            assertThat(refusal).hasMessageContaining("quota of " + QUOTA + " bytes is reached");
            assertThat(keys * VALUE_BYTES).isGreaterThan(350 * KIB);
            assertThat(store.store().statistics().state()).isEqualTo(StoreState.DISK_FULL);
            assertThat(store.store().statistics().stateDetail()).contains("quota");
            assertThat(store.disk.exists(store.file("RESERVE"))).isFalse();
            assertThat(filesOnDisk(store)).isLessThanOrEqualTo(QUOTA);
            assertThat(store.get(0)).isNotNull();
        }
    }

    @Test
    void removesAndCollectionAtTheQuota_goOnAndMakeTheStoreWritableByItself() throws IOException {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);
            for (int key = 0; key < keys; key += 2) {
                assertThat(store.remove(key).removed()).isTrue();
            }
            GarbageCollectionReport report = store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);

            assertThat(report.bytesReclaimed()).isPositive();
            awaitWritable(store);
            assertThat(store.disk.exists(store.file("RESERVE"))).isTrue();
            store.set(keys, VALUE_BYTES);
            assertThat(store.store().statistics().fileBytes()).isEqualTo(filesOnDisk(store));
        }
    }

    @Test
    void nothingMadeRoom_storeStaysFull() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);
            List<StoreState> seen = new ArrayList<>();
            for (int look = 0; look < 50; look++) {
                store.remove(keys + look);
                seen.add(store.store().statistics().state());
            }

            assertThat(seen).containsOnly(StoreState.DISK_FULL);
        }
    }

    @Test
    void restartWithTheSameQuota_refusesSetsStill_andWithALargerOneTakesThem() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);
            store.reopen();
            assertThatThrownBy(() -> store.set(keys, VALUE_BYTES)).isInstanceOf(DiskFullException.class);
            assertThat(store.store().statistics().state()).isEqualTo(StoreState.DISK_FULL);

            store.with(OPTIONS.toBuilder().quotaBytes(2 * QUOTA).build()).reopen();

            assertThat(store.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
            store.set(keys, VALUE_BYTES);
        }
    }

    @Test
    void restartWithAQuotaBelowWhatIsUsed_refusesSetsOnly() {
        try (MemoryStore store = new MemoryStore().with(MemoryStore.SMALL).open()) {
            for (int key = 0; key < 300; key++) {
                store.set(key, VALUE_BYTES);
            }
            store.with(OPTIONS).reopen();

            assertThatThrownBy(() -> store.set(1_000, 10)).isInstanceOf(DiskFullException.class);
            for (int key = 0; key < 250; key++) {
                assertThat(store.remove(key).removed()).isTrue();
            }
            store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
            awaitWritable(store);
            store.set(1_000, 10);
            assertThat(store.entries()).hasSize(51);
        }
    }

    @Test
    void groupThatDoesNotFit_isAppliedAsFarAsItDoes() throws IOException {
        CommitterHold hold = new CommitterHold();
        try (MemoryStore store = new MemoryStore().with(OPTIONS).with(hold).open()) {
            List<CompletionStage<SetResult>> sets = new ArrayList<>();
            hold.hold(() -> sets.add(store.store().set(0, new byte[VALUE_BYTES])));
            for (int key = 1; key <= 2 * QUOTA / VALUE_BYTES; key++) {
                sets.add(store.store().set(key, new byte[VALUE_BYTES]));
            }
            hold.release();

            int applied = 0;
            for (CompletionStage<SetResult> set : sets) {
                try {
                    MemoryStore.await(set);
                    applied++;
                } catch (DiskFullException e) {
                    assertThat(e.isQuotaReached()).isTrue();
                }
            }
            assertThat(store.entries()).hasSize(applied);
            assertThat(applied * VALUE_BYTES).isGreaterThan(350 * KIB);
            // The hints of the segments that the group filled come after it, from the room of the reserve.
            assertThat(filesOnDisk(store) + 80 * KIB).isBetween(QUOTA - 8 * KIB, QUOTA + 4 * KIB);
        }
    }

    @Test
    void littleRoomOnTheDiskOrInTheQuota_logIsNotFilledWithZerosAhead() {
        StoreOptions free = MemoryStore.SMALL;
        long little = 240 * KIB;
        assertThat(zerosAhead(free, Long.MAX_VALUE)).as("no limit").isPositive();
        assertThat(zerosAhead(free, 4 * little)).as("a large disk").isPositive();
        assertThat(zerosAhead(free, little)).as("a small disk").isZero();
        assertThat(zerosAhead(free.toBuilder().quotaBytes(4 * little).build(), Long.MAX_VALUE))
                .as("a large quota")
                .isPositive();
        assertThat(zerosAhead(free.toBuilder().quotaBytes(little).build(), Long.MAX_VALUE))
                .as("a small quota")
                .isZero();
        assertThat(zerosAhead(free.toBuilder().syncPolicy(SyncPolicy.OS).build(), Long.MAX_VALUE))
                .as("nobody waits for a sync")
                .isZero();
    }

    /** Bytes that the log's file has behind what was written, after small sets. */
    private static long zerosAhead(StoreOptions options, long diskBytes) {
        CrashingFileSystem disk = new CrashingFileSystem();
        disk.capacityBytes(diskBytes);
        try (MemoryStore store = new MemoryStore(disk, options).open()) {
            for (int key = 0; key < 20; key++) {
                store.set(key, 300);
            }
            return disk.contents(store.file("0000000001.log")).length
                    - store.store().statistics().log().bytes();
        }
    }

    @Test
    void muchOfTheQuotaUsed_isToldToTheLogOnceForEachThreshold_andAgainAfterRoomWasMade() {
        StoreOptions quotaOnly = MemoryStore.SMALL.toBuilder().quotaBytes(QUOTA).build();
        try (MemoryStore store = new MemoryStore().with(quotaOnly).open()) {
            String said = "WARN: store " + store.disk.root() + " uses %d %% of its quota: more than %1$d %%"
                    + "; at the quota it takes no more sets";
            List<String> lines = Logs.linesOf(DiskSpace.class, () -> useMostOfTheQuota(store));
            assertThat(lines)
                    .as("warnings: %s", lines)
                    .extracting(QuotaTest::withoutBytes)
                    .containsExactly(said.formatted(80), said.formatted(90));

            lines = Logs.linesOf(DiskSpace.class, () -> {
                for (long key : store.entries().keySet()) {
                    store.remove(key);
                }
                store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
                awaitUpkeep(store);
            });
            assertThat(lines)
                    .noneMatch(line -> line.startsWith("WARN"))
                    .last()
                    .asString()
                    .startsWith("INFO: store " + store.disk.root())
                    .endsWith(": less than 80 % again");

            lines = Logs.linesOf(DiskSpace.class, () -> useMostOfTheQuota(store));
            assertThat(lines)
                    .extracting(QuotaTest::withoutBytes)
                    .containsExactly(said.formatted(80), said.formatted(90));
        }
    }

    private static String withoutBytes(String line) {
        return line.replaceAll(", \\d+ of " + QUOTA + " bytes", "");
    }

    /** Sets keys until nineteen twentieths are used. */
    private static void useMostOfTheQuota(MemoryStore store) {
        for (int key = 0; store.store().statistics().fileBytes() < QUOTA / 20 * 19; key++) {
            store.set(key, VALUE_BYTES);
        }
        awaitUpkeep(store);
    }

    /** The committer looks at the quota after each write that it answered, and before it takes the next one. */
    private static void awaitUpkeep(MemoryStore store) {
        store.remove(-1);
        store.remove(-1);
    }

    @Test
    void thresholds_areToldOnceEach_untilTheyAreLeftWellBehind() {
        AtomicLong used = new AtomicLong();
        Quota quota = new Quota("dir", 1_000, used::get);

        assertThat(crossings(quota, used, 0, 799)).isEmpty();
        assertThat(crossings(quota, used, 800, 850, 799, 801, 751, 899))
                .containsExactly("+ dir uses 80 % of its quota, 800 of 1000 bytes: more than 80 %");
        assertThat(crossings(quota, used, 900, 999, 1_000, 1_001, 899, 900, 850))
                .containsExactly("+ dir uses 90 % of its quota, 900 of 1000 bytes: more than 90 %");
        assertThat(crossings(quota, used, 849))
                .containsExactly("- dir uses 84 % of its quota, 849 of 1000 bytes: less than 90 % again");
        assertThat(crossings(quota, used, 950, 100, 100, 950))
                .containsExactly(
                        "+ dir uses 95 % of its quota, 950 of 1000 bytes: more than 90 %",
                        "- dir uses 10 % of its quota, 100 of 1000 bytes: less than 80 % again",
                        "+ dir uses 95 % of its quota, 950 of 1000 bytes: more than 90 %");
    }

    @Test
    void withoutAQuota_nothingIsToldAndThereIsRoom() {
        AtomicLong used = new AtomicLong();
        Quota quota = new Quota("dir", 0, used::get);

        assertThat(crossings(quota, used, 0, Long.MAX_VALUE)).isEmpty();
        assertThat(quota.roomBytes()).isEqualTo(Long.MAX_VALUE);
    }

    private static List<String> crossings(Quota quota, AtomicLong used, long... values) {
        List<String> told = new ArrayList<>();
        for (long value : values) {
            used.set(value);
            quota.crossing().ifPresent(crossing -> told.add((crossing.upwards() ? "+ " : "- ") + crossing.line()));
        }
        return told;
    }

    /** The committer looks for space each second. */
    private static void awaitWritable(MemoryStore store) {
        await().until(() -> {
            store.clock.advance(Duration.ofSeconds(1));
            return store.store().statistics().state() == StoreState.WRITABLE;
        });
    }

    /** Sets keys from 0 until one is refused, and answers which. */
    private static int fill(MemoryStore store) {
        for (int key = 0; key < 1_000; key++) {
            try {
                store.set(key, VALUE_BYTES);
            } catch (DiskFullException e) {
                return key;
            }
        }
        throw new AssertionError("the quota is not reached");
    }

    private static long filesOnDisk(MemoryStore store) throws IOException {
        long bytes = 0;
        for (String name : store.disk.list(store.disk.root())) {
            bytes += name.equals("LOCK") ? 0 : store.disk.size(store.file(name));
        }
        return bytes;
    }
}
