package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderedIndexBuilderTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 256, 257, 512, 65_536, 65_537, 70_000})
    void keysInAscendingOrder_makeAnIndexThatHoldsAndTakesThem(int keys) {
        OrderedIndex index = build(keys);

        assertThat(index.size()).isEqualTo(keys);
        IndexInvariants.check(index);
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        for (int i = 0; i < keys; i++) {
            boolean found = cursor.next() && cursor.key() == 3L * i && cursor.location() == i + 1;
            found &= index.get(3L * i) == i + 1 && index.get(3L * i + 1) == OrderedIndex.ABSENT;
            if (!found) {
                fail("key %d", 3L * i);
            }
        }
        assertThat(cursor.next()).isFalse();
    }

    @Test
    void builtIndex_canBeChangedLikeAnyOther() {
        OrderedIndex index = build(70_000);
        for (long i = 0; i < 70_000; i += 7) {
            index.put(3 * i + 1, 9);
        }
        IndexInvariants.check(index);
        for (long i = 0; i < 70_000; i++) {
            index.remove(3 * i);
        }
        IndexInvariants.check(index);
        assertThat(index.size()).isEqualTo(10_000);
    }

    @Test
    void removalInDescendingOrder_unlinksInnerNodesThatBecomeEmpty() {
        OrderedIndex index = build(70_000);
        for (long i = 69_999; i >= 60_000; i--) {
            index.remove(3 * i);
            if (i % 1000 == 0) {
                IndexInvariants.check(index);
            }
        }
        assertThat(index.size()).isEqualTo(60_000);
        assertThat(index.get(3 * 59_999)).isEqualTo(60_000);
    }

    @Test
    void lastKeyBeforeTheGreatest_leavesRoomForTheGreatest() {
        OrderedIndex index = OrderedIndex.builder()
                .add(Long.MIN_VALUE, 1)
                .add(Long.MAX_VALUE - 1, 2)
                .build();
        index.put(Long.MAX_VALUE, 3);
        assertThat(index.get(Long.MIN_VALUE)).isEqualTo(1);
        assertThat(index.get(Long.MAX_VALUE)).isEqualTo(3);
    }

    @Test
    void keyThatDoesNotAscend_isRefused() {
        OrderedIndex.Builder builder =
                OrderedIndex.builder().add(Long.MIN_VALUE, 1).add(5, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(5, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(4, 1));
        assertThat(builder.build().size()).isEqualTo(2);
    }

    private static OrderedIndex build(int keys) {
        OrderedIndex.Builder builder = OrderedIndex.builder();
        for (int i = 0; i < keys; i++) {
            builder.add(3L * i, i + 1);
        }
        return builder.build();
    }
}
