package dev.kvdb.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.cache.ValueCache.CachedValue;
import org.junit.jupiter.api.Test;

class ValueCacheTest {

    private final ValueCache cache = new ValueCache(10_000);

    @Test
    void value_isServedForItsLocationOnly() {
        cache.put(1, new CachedValue(77, 5, new byte[] {1}));

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
        cache.put(1, new CachedValue(77, 5, new byte[] {1}));
        cache.remove(1);

        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.bytes()).isZero();
    }

    @Test
    void recordThatMoved_isServedForItsNewPlaceOnly() {
        cache.put(1, new CachedValue(77, 5, new byte[] {9}));
        cache.relocate(1, 76, 80);
        assertThat(cache.get(1, 77)).isNotNull();
        cache.relocate(1, 77, 80);
        cache.relocate(2, 77, 80);

        assertThat(cache.get(1, 77)).isNull();
        assertThat(cache.get(1, 80)).isNotNull();
        assertThat(cache.get(2, 80)).isNull();
    }

    @Test
    void moreThanItsBytes_areNeverHeld() {
        for (int key = 0; key < 1000; key++) {
            cache.put(key, new CachedValue(key + 1, key, new byte[500]));
            assertThat(cache.bytes()).isBetween(1L, 10_000L);
        }
        assertThat(cache.evictions()).isGreaterThan(900);
        cache.put(5000, new CachedValue(1, 1, new byte[20_000]));
        assertThat(cache.get(5000, 1)).isNull();
    }

    @Test
    void cacheOfNoBytes_isOff() {
        ValueCache off = new ValueCache(0);
        off.put(1, new CachedValue(77, 5, new byte[] {1}));
        off.relocate(1, 77, 78);
        off.remove(1);

        assertThat(off.get(1, 77)).isNull();
        assertThat(off.bytes()).isZero();
        assertThat(off.evictions()).isZero();
    }
}
