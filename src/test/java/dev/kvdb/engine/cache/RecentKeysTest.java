package dev.kvdb.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class RecentKeysTest {

    private static final int PLACES = 1 << 12;

    private final RecentKeys keys = new RecentKeys(PLACES + 1);

    @Test
    void key_isRememberedFromTheSecondTimeOn() {
        for (long key : new long[] {0, 1, -1, 7, Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThat(keys.note(key)).as("key %d", key).isFalse();
            assertThat(keys.note(key)).as("key %d", key).isTrue();
            assertThat(keys.note(key)).as("key %d", key).isTrue();
        }
    }

    @Test
    void keysThatAreNew_hardlyEverPassForOthers() {
        assertThat(known(number -> number, 0, 1 << 20)).isLessThan(64);
        assertThat(known(number -> number << 40, 1, 1 << 20)).isLessThan(64);
        SplittableRandom random = new SplittableRandom(1);
        assertThat(known(number -> random.nextLong(), 0, 1 << 20)).isLessThan(64);
    }

    @Test
    void mostOfTheLastKeys_areRemembered_andHardlyAnyThatAreLongGone() {
        known(number -> number, 0, PLACES * 20);

        int recent = PLACES / 4;
        assertThat(known(number -> number, 0, PLACES)).isLessThan(8);
        assertThat(known(number -> number, PLACES - recent, PLACES)).isGreaterThan(recent / 2);
    }

    @Test
    void table_isASmallPartOfTheCache() {
        assertThat(keys.bytes()).isEqualTo(PLACES * 2);
        assertThat(new RecentKeys(0).note(5)).isFalse();
    }

    private int known(LongUnaryOperator key, long from, long to) {
        int known = 0;
        for (long number = from; number < to; number++) {
            known += keys.note(key.applyAsLong(number)) ? 1 : 0;
        }
        return known;
    }
}
