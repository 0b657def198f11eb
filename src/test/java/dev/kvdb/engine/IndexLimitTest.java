package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.IndexFullException;
import dev.kvdb.testkit.Logs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The index may take only so much heap. */
class IndexLimitTest {

    private static final int MIB = 1024 * 1024;

    /** No two keys and locations have much in common: some 16 bytes each. */
    private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

    private static final int GROUP = 1_000;

    /** What a group's keys may add beyond the limit: each may split a leaf. */
    private static final int GROUP_INDEX_BYTES = GROUP * 64;

    private static final StoreOptions OPTIONS = MemoryStore.SMALL.toBuilder()
            .segmentBytesMax(MIB)
            .indexBytesMax(MIB)
            .build();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void keysUpToTheLimit_thenNewOnesAreRefused_andAllElseGoesOn() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);

            assertThat(keys).isGreaterThan(MIB / 32);
            assertThat(store.store().statistics().indexBytes() + IndexLimit.GROWTH_BYTES * keys)
                    .isBetween((long) MIB, MIB + (long) GROUP_INDEX_BYTES);
            assertThat(store.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
            assertThatThrownBy(() -> store.set(keys * SPREAD, "new"))
                    .isInstanceOf(IndexFullException.class)
                    .hasMessageContaining("no memory left for a new key in " + store.disk.root())
                    .hasMessageContaining(keys + " keys need up to ")
                    .hasMessageContaining("of the " + MIB + " bytes");
            assertThat(store.get(keys * SPREAD)).isNull();

            assertThat(store.set(0, "changed").replaced()).isTrue();
            assertThat(store.get(0)).isEqualTo("changed");
            assertThat(store.store().statistics().keysForecast()).isBetween((long) keys * 9 / 10, (long) keys);

            for (int key = 0; key < keys / 2; key++) {
                store.remove(key * SPREAD);
            }
            assertThat(store.set(keys * SPREAD, "new").replaced()).isFalse();
        }
    }

    @Test
    void keyThatIsRemovedAndSetInTheSameGroup_isNewThen() {
        CommitterHold hold = new CommitterHold();
        try (MemoryStore store = new MemoryStore().with(OPTIONS).with(hold).open()) {
            int keys = fill(store);
            hold.hold(() -> store.store().set(0, new byte[1]));
            CompletionStage<RemoveResult> remove = store.store().remove(SPREAD);
            CompletionStage<SetResult> set = store.store().set(SPREAD, new byte[1]);
            hold.release();

            assertThat(MemoryStore.await(remove).removed()).isTrue();
            assertThatThrownBy(() -> MemoryStore.await(set)).isInstanceOf(IndexFullException.class);
            assertThat(store.store().statistics().keys()).isEqualTo(keys - 1L);
        }
    }

    @Test
    void storeWithMoreKeysThanFit_isNotOpened_andStaysAsItIs() throws IOException {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);
            int more = keys + keys / 2;
            store.close();
            store.with(MemoryStore.SMALL).open();
            for (int key = keys; key < more; key++) {
                store.store().set(key * SPREAD, new byte[1]);
            }
            store.close();

            store.with(OPTIONS);
            assertThatThrownBy(store::open)
                    .isInstanceOf(IndexFullException.class)
                    .hasMessageContaining("the keys of " + store.disk.root() + " do not fit into memory")
                    .hasMessageContaining("of about " + more)
                    .hasMessageContaining("may take " + MIB + " (1 MiB)");
            store.disk.delete(store.file("SNAPSHOT"));
            assertThatThrownBy(store::open).isInstanceOf(IndexFullException.class);

            store.with(MemoryStore.SMALL).open();
            assertThat(store.store().statistics().keys()).isEqualTo(more);
        }
    }

    @Test
    void storeFilledToTheLimit_isOpenedWithIt() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            int keys = fill(store);
            store.reopen();

            assertThat(store.store().statistics().keys()).isEqualTo(keys);
        }
    }

    @Test
    void keysLoadedInARowAndSetAnewHereAndThere_stayBelowTheLimit_andTheStoreIsOpenedWithIt() {
        try (MemoryStore store = new MemoryStore()
                .with(OPTIONS.toBuilder()
                        .segmentBytesMax(64 * 1024)
                        .valueBytesMax(16 * 1024)
                        .build())
                .open()) {
            int keys = fill(store, 1);
            long loaded = store.store().statistics().indexBytes();
            SplittableRandom random = new SplittableRandom(7);
            List<CompletionStage<SetResult>> sets = new ArrayList<>();
            for (int i = 0; i < keys / 2; i++) {
                sets.add(store.store().set(random.nextInt(keys), new byte[1]));
                if (sets.size() == GROUP) {
                    sets.forEach(MemoryStore::await);
                    sets.clear();
                }
            }
            sets.forEach(MemoryStore::await);

            assertThat(store.store().statistics().indexBytes())
                    .isGreaterThan(loaded + keys)
                    .isLessThanOrEqualTo(MIB);
            store.reopen();
            assertThat(store.store().statistics().keys()).isEqualTo(keys);
        }
    }

    @Test
    void muchOfTheIndexUsed_isToldToTheLog() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            List<String> lines = Logs.linesOf(IndexLimit.class, () -> fill(store));

            assertThat(lines).hasSize(2);
            assertThat(lines.get(0))
                    .startsWith("WARN: the index of store " + store.disk.root() + " uses, or may come to use, ")
                    .contains(" % of the heap that it may take, ")
                    .endsWith(" of " + MIB + " bytes: more than 80 %; at the limit the store takes no new keys");
            assertThat(lines.get(1)).contains(": more than 90 %");
        }
    }

    @Test
    void noLimit_noForecast() {
        try (MemoryStore store = new MemoryStore().open()) {
            store.set(1, "value");

            assertThat(store.store().statistics().keysForecast()).isZero();
        }
    }

    @Test
    void fewKeys_forecastIsThatOfKeysWithoutOrder() {
        try (MemoryStore store = new MemoryStore().with(OPTIONS).open()) {
            store.set(1, "value");

            assertThat(store.store().statistics().keysForecast()).isEqualTo(MIB / 20);
        }
    }

    /** Sets keys until one is refused, and tells how many there are; all before it are there. */
    private static int fill(MemoryStore store) {
        return fill(store, SPREAD);
    }

    private static int fill(MemoryStore store, long step) {
        AtomicInteger keys = new AtomicInteger();
        boolean refused = false;
        while (!refused) {
            List<CompletionStage<SetResult>> group = new ArrayList<>();
            for (int key = keys.get(); group.size() < GROUP; key++) {
                group.add(store.store().set(key * step, new byte[1]));
            }
            for (CompletionStage<SetResult> set : group) {
                try {
                    MemoryStore.await(set);
                    keys.incrementAndGet();
                } catch (IndexFullException e) {
                    refused = true;
                }
            }
        }
        return keys.get();
    }
}
