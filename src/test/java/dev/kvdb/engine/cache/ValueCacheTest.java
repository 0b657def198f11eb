package dev.kvdb.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.cache.ValueCache.CachedValue;
import org.junit.jupiter.api.Test;

class ValueCacheTest {

    private final ValueCache cache = new ValueCache(10_000);

    @Test
    void value_isServedForItsLocationOnly() {
        cache.read(1, 77, 5, new byte[] {1});

        assertThat(cache.get(1, 77))
                .isNotNull()
                .extracting(CachedValue::version)
                .isEqualTo(5L);
        assertThat(cache.get(1, 78)).isNull();
        assertThat(cache.get(2, 77)).isNull();
        assertThat(cache.hits()).isEqualTo(1);
        assertThat(cache.misses()).isZero();
        cache.countMiss();
        assertThat(cache.misses()).isEqualTo(1);
    }

    @Test
    void removedValue_isGone() {
        cache.read(1, 77, 5, new byte[] {1});
        cache.remove(1);

        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.bytes()).isZero();
    }

    @Test
    void recordThatMoved_isServedForItsNewPlaceOnly() {
        cache.read(1, 77, 5, new byte[] {9});
        cache.relocate(1, 76, 80);
        assertThat(cache.get(1, 77)).isNotNull();
        cache.relocate(1, 77, 80);
        cache.relocate(2, 77, 80);

        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.get(1, 80)).isNotNull();
        assertThat(cache.get(2, 80)).isNull();
    }

    @Test
    void writtenValue_takesThePlaceOfItsKeysOlderOneOnly() {
        cache.written(1, 77, 5, new byte[] {1});
        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.bytes()).isZero();

        cache.read(1, 77, 5, new byte[] {1});
        cache.written(1, 78, 6, new byte[] {2});
        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.get(1, 78))
                .isNotNull()
                .extracting(CachedValue::version)
                .isEqualTo(6L);
    }

    @Test
    void moreThanItsBytes_areNeverHeld() {
        for (int key = 0; key < 1000; key++) {
            readTwice(key);
            assertThat(cache.bytes()).isBetween(1L, 10_000L);
        }
        assertThat(cache.evictions()).isGreaterThan(900);
    }

    @Test
    void valueThatCannotFit_isNotTakenAndEvictsNothing() {
        cache.read(1, 77, 5, new byte[9_000]);
        cache.read(2, 78, 6, new byte[10_000]);

        assertThat(cache.get(1, 77)).isNotNull();
        assertThat(cache.get(2, 78)).isNull();
        assertThat(cache.evictions()).isZero();
    }

    @Test
    void writtenValueThatCannotFit_dropsItsKeysOlderOneAndEvictsNothing() {
        cache.read(1, 77, 5, new byte[500]);
        cache.written(1, 78, 6, new byte[10_000]);

        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.get(1, 78)).isNull();
        assertThat(cache.bytes()).isZero();
        assertThat(cache.evictions()).isZero();
        cache.read(2, 79, 7, new byte[500]);
        assertThat(cache.get(2, 79)).as("what is read once is still taken").isNotNull();
    }

    @Test
    void filledCache_doesNotTakeWhatIsReadOnce() {
        fill();
        long before = cache.evictions();
        for (int key = 5000; key < 6000; key++) {
            cache.read(key, key, key, new byte[500]);
            assertThat(cache.get(key, key)).isNull();
        }
        assertThat(cache.evictions()).isEqualTo(before);
    }

    @Test
    void filledCache_takesWhatIsReadAgain() {
        fill();
        long before = cache.evictions();
        readTwice(5000);
        assertThat(cache.evictions()).isGreaterThan(before);
    }

    @Test
    void filledCache_takesAWrittenValueAtItsFirstRead() {
        fill();
        long before = cache.evictions();
        cache.written(5000, 5000, 5000, new byte[500]);
        assertThat(cache.evictions()).isEqualTo(before);
        cache.read(5000, 5000, 5000, new byte[500]);
        assertThat(cache.evictions()).isGreaterThan(before);
    }

    @Test
    void cacheOfNoBytes_isOff() {
        ValueCache off = new ValueCache(0);
        off.read(1, 77, 5, new byte[] {1});
        off.written(1, 77, 5, new byte[] {1});
        off.relocate(1, 77, 78);
        off.remove(1);

        assertThat(off.get(1, 77)).isNull();
        assertThat(off.bytes()).isZero();
        assertThat(off.evictions()).isZero();
    }

    private void fill() {
        for (int key = 0; key < 100; key++) {
            readTwice(key);
        }
    }

    /** The second time, it is taken for sure; one or another value is evicted where there is no room. */
    private void readTwice(int key) {
        cache.read(key, key, key, new byte[500]);
        cache.read(key, key, key, new byte[500]);
    }
}
