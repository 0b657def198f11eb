package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.kvdb.testkit.Seeds;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
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
    void mixedOperations_agreeWithTheModel(Keys keys) throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
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
        });
    }

    private void operate(int dice, int putPercent, long key, long location) {
        if (dice < putPercent) {
            agree(index.put(key, location), model.put(key, location));
        } else if (dice < 85) {
            long victim = dice % 2 == 0 && !model.isEmpty() ? nearest(key) : key;
            agree(index.remove(victim), model.remove(victim));
        } else if (dice < 92) {
            long expected = dice % 2 == 0 ? location : model.getOrDefault(key, location);
            assertThat(index.replace(key, expected, location)).isEqualTo(model.replace(key, expected, location));
        } else if (dice < 98) {
            agree(index.get(key), model.get(key));
        } else {
            checkCursor(key);
        }
        agree(index.size(), (long) model.size());
    }

    /** As an assertion, without the cost of one when all is well. */
    private static void agree(long actual, @Nullable Long expected) {
        if (actual != (expected == null ? OrderedIndex.ABSENT : expected)) {
            assertThat(actual).isEqualTo(expected);
        }
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
            checkNext(cursor, entry.getKey(), entry.getValue());
        }
        assertThat(cursor.next()).isFalse();
    }

    private void checkAll() {
        IndexInvariants.check(index);
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        model.forEach((key, location) -> {
            checkNext(cursor, key, location);
            agree(index.get(key), location);
        });
        assertThat(cursor.next()).isFalse();
    }

    private static void checkNext(Cursor cursor, Long key, Long location) {
        if (!cursor.next()) {
            fail("cursor ends before key %d", key);
        }
        agree(cursor.key(), key);
        agree(cursor.location(), location);
    }

    private void removeAll(SplittableRandom random) {
        while (!model.isEmpty()) {
            long key = random.nextBoolean() ? model.firstKey() : nearest(random.nextLong());
            agree(index.remove(key), model.remove(key));
        }
        IndexInvariants.check(index);
        assertThat(index.memoryBytes()).isLessThan(512);
    }
}
