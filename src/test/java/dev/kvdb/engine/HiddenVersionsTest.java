package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import java.util.Iterator;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A record of a sealed segment is damaged in its header, and no hint names its key: the fifth of nine groups, version
 * 5.
 */
class HiddenVersionsTest {

    private static final int GROUP_BYTES = 65 + 33 + 10;

    private final MemoryStore store = new MemoryStore();
    private Map<String, String> before = Map.of();

    @BeforeEach
    void hideVersionFive() {
        store.open();
        store.set(1, 10); // version 1: below the hidden one
        store.set(2, 10);
        store.set(3, 10);
        store.set(4, 10);
        store.set(1, 10); // version 5: hidden
        store.set(2, 10); // version 6: above it
        store.remove(3); // version 7: a tombstone above it
        store.set(9, 10);
        store.remove(9);
        store.close();
        store.disk.put(store.file("0000000001.hint"), new byte[0]);
        store.disk.put(store.file("SNAPSHOT"), new byte[0]);
        store.disk.flipBit(store.file("0000000001.log"), 128 + 4 * GROUP_BYTES + 65 + 18, 2);
        before = store.contents();
        store.open();
    }

    @Test
    void keyWhoseNewestSurvivingVersionIsBelow_isDataLoss() {
        for (long key : new long[] {1, 4}) {
            assertThatThrownBy(() -> store.store().get(key)).isInstanceOfSatisfying(DamageException.class, damage -> {
                assertThat(damage.file()).endsWith("0000000001.log");
                assertThat(damage.offset()).isEqualTo(128 + 4 * GROUP_BYTES + 65);
            });
        }
        assertThat(store.store().statistics().reads().damaged()).isEqualTo(2);
    }

    @Test
    void absentKey_isDataLossUnlessATombstoneAboveRemovedIt() {
        assertThatThrownBy(() -> store.store().get(77)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> store.store().lookup(77)).isInstanceOf(DamageException.class);
        assertThat(store.store().get(3)).isEmpty();
        assertThat(store.store().lookup(3)).isInstanceOf(Lookup.Absent.class);
        assertThat(store.store().get(9)).isEmpty();
    }

    @Test
    void keyWithASurvivingVersionAbove_isServed() {
        assertThat(store.store().get(2))
                .hasValueSatisfying(entry -> assertThat(entry.version()).isEqualTo(6));
    }

    @Test
    void entries_goOnBehindADamagedOne() {
        Iterator<Entry> entries = store.store().entries();
        int damaged = 0;
        int served = 0;
        while (true) {
            try {
                if (!entries.hasNext()) {
                    break;
                }
                entries.next();
                served++;
            } catch (DamageException e) {
                damaged++;
            }
        }
        assertThat(served).isEqualTo(1);
        assertThat(damaged).isEqualTo(2);
    }

    @Test
    void store_isReadOnlyAndWritesNothing() {
        assertThat(store.store().statistics().state()).isEqualTo(StoreState.READ_ONLY);
        assertThat(store.store().statistics().stateDetail()).contains("0000000001.log");
        assertThatThrownBy(() -> store.set(5, 10))
                .isInstanceOfSatisfying(
                        StoreReadOnlyException.class,
                        e -> assertThat(e.reason()).isEqualTo(StoreReadOnlyException.Reason.DAMAGED));
        assertThatThrownBy(() -> store.remove(2)).isInstanceOf(StoreReadOnlyException.class);
        assertThatThrownBy(() -> store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING))
                .isInstanceOf(StoreReadOnlyException.class);
        store.close();

        assertThat(store.contents()).isEqualTo(before);
    }

    @Test
    void damageThatNoMarkFollows_makesEverythingUncertain() {
        store.close();
        int end = store.disk.contents(store.file("0000000001.log")).length;
        store.disk.flipBit(store.file("0000000001.log"), end - 65 + 20, 0);
        store.open();

        assertThatThrownBy(() -> store.store().get(2)).isInstanceOf(DamageException.class);
        assertThatThrownBy(() -> store.store().get(3)).isInstanceOf(DamageException.class);
    }

    @Test
    void damagedHeaderThatAHintStillNames_isDamageOfThatKeyOnly() {
        MemoryStore named = new MemoryStore().open();
        named.set(1, 10);
        named.set(2, 10);
        named.close();
        named.disk.flipBit(named.file("0000000001.log"), 128 + 65 + 18, 2);
        named.open();

        assertThatThrownBy(() -> named.store().get(1)).isInstanceOf(DamageException.class);
        assertThat(named.store().get(2)).isPresent();
        assertThat(named.store().get(3)).isEmpty();
        assertThat(named.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
        named.close();
    }
}
