package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class OrderedIndexTest {

    private static final long ABSENT = OrderedIndex.ABSENT;

    private final OrderedIndex index = new OrderedIndex();

    @Test
    void newIndex_isEmptyAndSmall() {
        assertThat(index.size()).isZero();
        assertThat(index.get(0)).isEqualTo(ABSENT);
        assertThat(index.remove(0)).isEqualTo(ABSENT);
        assertThat(index.cursor(Long.MIN_VALUE).next()).isFalse();
        assertThat(index.memoryBytes()).isLessThan(512);
        IndexInvariants.check(index);
    }

    @Test
    void putThenPutThenRemove_eachTellsTheLocationBefore() {
        assertThat(index.put(7, 70)).isEqualTo(ABSENT);
        assertThat(index.put(7, 71)).isEqualTo(70);
        assertThat(index.get(7)).isEqualTo(71);
        assertThat(index.size()).isOne();
        assertThat(index.remove(7)).isEqualTo(71);
        assertThat(index.get(7)).isEqualTo(ABSENT);
        assertThat(index.size()).isZero();
    }

    @Test
    void replace_succeedsOnlyWhileTheLocationIsTheExpectedOne() {
        assertThat(index.replace(7, 70, 71)).isFalse();
        assertThat(index.get(7)).isEqualTo(ABSENT);
        index.put(7, 70);
        assertThat(index.replace(7, 69, 71)).isFalse();
        assertThat(index.get(7)).isEqualTo(70);
        assertThat(index.replace(7, 70, 71)).isTrue();
        assertThat(index.get(7)).isEqualTo(71);
        assertThat(index.size()).isOne();
    }

    @Test
    void locationZero_isRefused() {
        index.put(7, 70);
        assertThatIllegalArgumentException().isThrownBy(() -> index.put(7, ABSENT));
        assertThatIllegalArgumentException().isThrownBy(() -> index.replace(7, 70, ABSENT));
        assertThatIllegalArgumentException().isThrownBy(() -> index.replace(8, ABSENT, 70));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OrderedIndex.builder().add(7, ABSENT));
        assertThat(index.get(7)).isEqualTo(70);
    }

    @Test
    void extremeKeysAndLocations_areKept() {
        long[] values = {Long.MIN_VALUE, Long.MIN_VALUE + 1, -1, 1, Long.MAX_VALUE - 1, Long.MAX_VALUE};
        for (long value : values) {
            assertThat(index.put(value, value)).isEqualTo(ABSENT);
        }
        for (long value : values) {
            assertThat(index.get(value)).isEqualTo(value);
        }
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        for (long value : values) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).isEqualTo(value);
            assertThat(cursor.location()).isEqualTo(value);
        }
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.next()).isFalse();
        IndexInvariants.check(index);
    }

    @Test
    void cursorFromTheGreatestKey_returnsThatKeyOnly() {
        fill(1000, i -> i);
        index.put(Long.MAX_VALUE, 5);
        Cursor cursor = index.cursor(Long.MAX_VALUE);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.key()).isEqualTo(Long.MAX_VALUE);
        assertThat(cursor.next()).isFalse();
    }

    @Test
    void cursorFromAnAbsentKey_startsAtTheNextGreater() {
        fill(3000, i -> 10 * i);
        for (long from = -5; from < 29_990; from += 777) {
            Cursor cursor = index.cursor(from);
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).isEqualTo(Math.max(0, Math.floorDiv(from + 9, 10L) * 10));
        }
        assertThat(index.cursor(29_991).next()).isFalse();
    }

    @Test
    void keysChangedAheadOfACursor_areReturnedAsTheyAreWhenItGetsThere() {
        fill(3000, i -> 10 * i);
        Cursor cursor = index.cursor(0);
        assertThat(cursor.next()).isTrue();
        for (long key = 5000; key < 30_000; key += 10) {
            index.remove(key);
        }
        index.put(29_005, 7);
        long last = 0;
        long lastLocation = 0;
        while (cursor.next()) {
            assertThat(cursor.key()).isGreaterThan(last);
            last = cursor.key();
            lastLocation = cursor.location();
        }
        assertThat(last).isEqualTo(29_005);
        assertThat(lastLocation).isEqualTo(7);
    }

    @Test
    void ascendingKeys_fillTheirLeaves() {
        fill(100_000, i -> i);
        IndexInvariants.check(index);
        assertThat(bytesPerKey()).isLessThan(6);
    }

    @Test
    void descendingKeys_fillTheirLeaves() {
        fill(100_000, i -> -i);
        IndexInvariants.check(index);
        assertThat(bytesPerKey()).isLessThan(6);
    }

    @Test
    void interleavedAscendingRuns_fillTheirLeaves() {
        fill(100_000, i -> (i % 10) << 40 | i / 10);
        IndexInvariants.check(index);
        assertThat(bytesPerKey()).isLessThan(7);
    }

    @Test
    void keysDescendingIntoAGap_fillTheirLeaves() {
        fill(Leaf.ENTRIES_MAX, i -> i);
        index.put(1_000_000, 1);
        for (long i = 0; i < 50_000; i++) {
            index.put(999_999 - i, i + 1);
        }
        IndexInvariants.check(index);
        assertThat(bytesPerKey()).isLessThan(6);
    }

    @Test
    void keysAscendingIntoAGap_fillTheirLeaves() {
        index.put(-1_000_000, 1);
        fill(Leaf.ENTRIES_MAX, i -> -i);
        for (long i = 0; i < 50_000; i++) {
            index.put(i - 999_999, i + 1);
        }
        IndexInvariants.check(index);
        assertThat(bytesPerKey()).isLessThan(6);
    }

    @Test
    void randomKeysWithRandomLocations_takeLessThanTwentyBytes() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 100_000; i++) {
                index.put(random.nextLong(), random.nextLong() | 1);
            }
            IndexInvariants.check(index);
            assertThat(bytesPerKey()).isLessThan(20);
        });
    }

    @Test
    void removalOfNearlyAllKeysInAnyOrder_givesTheMemoryBack() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            fill(100_000, i -> i);
            for (long key = 0; key < 100_000; key++) {
                if (random.nextInt(100) != 0) {
                    index.remove(key);
                }
            }
            IndexInvariants.check(index);
            assertThat(index.size()).isBetween(500L, 1500L);
            assertThat(bytesPerKey()).isLessThan(16);
        });
    }

    @Test
    void removalOfEveryKey_leavesAnIndexAsSmallAsANewOne() {
        LongUnaryOperator scattered = i -> i * 0x9E3779B97F4A7C15L;
        fill(100_000, scattered);
        for (long i = 0; i < 100_000; i++) {
            index.remove(scattered.applyAsLong(i));
        }
        assertThat(index.size()).isZero();
        assertThat(index.memoryBytes()).isLessThan(512);
        IndexInvariants.check(index);
        fill(1000, scattered);
        IndexInvariants.check(index);
    }

    @Test
    void pathIntoATreeThatHasShrunk_keepsNoNodeAlive() {
        fill(1000, i -> i);
        Path path = new Path(index.tree().root());
        assertThat(path.inner(0)).isNotNull();
        path.descend(new OrderedIndex().tree().root(), 0);
        assertThat(path.inner(0)).isNull();
    }

    private void fill(long keys, LongUnaryOperator key) {
        for (long i = 0; i < keys; i++) {
            index.put(key.applyAsLong(i), i + 1);
        }
    }

    private double bytesPerKey() {
        return (double) index.memoryBytes() / index.size();
    }
}
