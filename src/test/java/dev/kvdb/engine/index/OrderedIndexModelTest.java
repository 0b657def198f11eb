package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Mixed operations against a {@link TreeMap}. */
class OrderedIndexModelTest {

    private static final int OPERATIONS = 60_000;
    private static final int CHECK_INTERVAL = 6_000;

    private final OrderedIndex index = new OrderedIndex();
    private final TreeMap<Long, Long> model = new TreeMap<>();

    private enum Keys {
        ASCENDING,
        DESCENDING,
        RANDOM,
        DENSE,
        SPARSE,
        CLUSTERED,
        EXTREME;

        long next(long step, SplittableRandom random) {
            return switch (this) {
                case ASCENDING -> step;
                case DESCENDING -> -3 * step;
                case RANDOM -> random.nextLong();
                case DENSE -> random.nextLong(5_000);
                case SPARSE -> random.nextLong(5_000) * 0x0003_4567_89AB_CDEFL;
                case CLUSTERED -> (random.nextLong(40) << 50) + random.nextLong(1L << random.nextInt(1, 12));
                case EXTREME ->
                    random.nextBoolean()
                            ? Long.MIN_VALUE + random.nextLong(2000)
                            : Long.MAX_VALUE - random.nextLong(2000);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void mixedOperations_agreeWithTheModel(Keys keys) {
        SplittableRandom random = Seed.random("mixedOperations_agreeWithTheModel " + keys);
        for (int step = 0; step < OPERATIONS; step++) {
            boolean growing = step / (OPERATIONS / 4) % 2 == 0;
            long key = random.nextInt(4) == 0 ? knownKey(random) : keys.next(step, random);
            operate(random.nextInt(100), growing ? 60 : 25, key, location(step, random));
            if (step % CHECK_INTERVAL == 0) {
                checkAll();
            }
        }
        checkAll();
        removeAll(random);
    }

    private void operate(int dice, int putPercent, long key, long location) {
        if (dice < putPercent) {
            assertThat(index.put(key, location)).isEqualTo(orAbsent(model.put(key, location)));
        } else if (dice < 85) {
            long victim = dice % 2 == 0 && !model.isEmpty() ? nearest(key) : key;
            assertThat(index.remove(victim)).isEqualTo(orAbsent(model.remove(victim)));
        } else if (dice < 92) {
            long expected = dice % 2 == 0 ? location : model.getOrDefault(key, location);
            assertThat(index.replace(key, expected, location)).isEqualTo(model.replace(key, expected, location));
        } else if (dice < 98) {
            assertThat(index.get(key)).isEqualTo(orAbsent(model.get(key)));
        } else {
            checkCursor(key);
        }
        assertThat(index.size()).isEqualTo(model.size());
    }

    private long knownKey(SplittableRandom random) {
        return model.isEmpty() ? 0 : nearest(random.nextBoolean() ? random.nextLong() : random.nextLong(OPERATIONS));
    }

    private long nearest(long key) {
        Long ceiling = model.ceilingKey(key);
        return ceiling != null ? ceiling : model.lastKey();
    }

    /** Mostly as a log gives them; at times of any width. */
    private static long location(long step, SplittableRandom random) {
        return random.nextInt(50) == 0 ? (random.nextLong() >> random.nextInt(60)) | 1 : (step << 12) + 1;
    }

    private void checkCursor(long from) {
        Cursor cursor = index.cursor(from);
        int limit = 300;
        for (Map.Entry<Long, Long> entry : model.tailMap(from, true).entrySet()) {
            if (limit-- == 0) {
                return;
            }
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).isEqualTo(entry.getKey());
            assertThat(cursor.location()).isEqualTo(entry.getValue());
        }
        assertThat(cursor.next()).isFalse();
    }

    private void checkAll() {
        IndexInvariants.check(index);
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        model.forEach((key, location) -> {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).isEqualTo(key);
            assertThat(cursor.location()).isEqualTo(location);
            assertThat(index.get(key)).isEqualTo(location);
        });
        assertThat(cursor.next()).isFalse();
    }

    private void removeAll(SplittableRandom random) {
        while (!model.isEmpty()) {
            long key = random.nextBoolean() ? model.firstKey() : nearest(random.nextLong());
            assertThat(index.remove(key)).isEqualTo(orAbsent(model.remove(key)));
        }
        IndexInvariants.check(index);
        assertThat(index.memoryBytes()).isLessThan(512);
    }

    private static long orAbsent(Long location) {
        return location == null ? OrderedIndex.ABSENT : location;
    }
}
