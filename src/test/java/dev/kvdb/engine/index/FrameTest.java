package dev.kvdb.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameTest {

    @ParameterizedTest
    @CsvSource({
        "5, 5, 1",
        "0, 255, 1",
        "-128, 127, 1",
        "0, 256, 2",
        "-1, 65535, 3",
        "0, 72057594037927935, 7",
        "0, 72057594037927936, 8",
        "-9223372036854775808, 9223372036854775807, 8",
        "-9223372036854775808, -9223372036854775800, 1",
    })
    void valuesOfSomeRange_takeTheLeastWidth(long min, long max, int width) {
        assertThat(Frame.width(min, max)).isEqualTo(width);
    }

    @Test
    void anyRange_fitsItsFrameAndSpareRoomIsOnBothSides() {
        long base = Frame.base(1000, 1099, 1);

        assertThat(Frame.fits(999, base, 1)).isTrue();
        assertThat(Frame.fits(1100, base, 1)).isTrue();
        assertThat(Frame.fits(base - 1, base, 1)).isFalse();
        assertThat(Frame.fits(base + 256, base, 1)).isFalse();
    }

    @Test
    void rangesAtEitherEndOfTheNumbers_getAFrameThatDoesNotWrap() {
        assertThat(Frame.base(Long.MIN_VALUE, Long.MIN_VALUE + 10, 1)).isEqualTo(Long.MIN_VALUE);
        assertThat(Frame.base(Long.MIN_VALUE + 3, Long.MIN_VALUE + 10, 2)).isEqualTo(Long.MIN_VALUE);
        assertThat(Frame.base(Long.MAX_VALUE - 10, Long.MAX_VALUE, 1)).isEqualTo(Long.MAX_VALUE - 255);
        assertThat(Frame.fits(Long.MIN_VALUE, Long.MAX_VALUE - 255, 1)).isFalse();
        assertThat(Frame.fits(Long.MAX_VALUE, Long.MIN_VALUE, 1)).isFalse();
    }

    @Test
    void randomRanges_fitTheirFramesEndToEnd() throws Exception {
        Seeds.run(seed -> checkRandomRanges(new SplittableRandom(seed)));
    }

    private static void checkRandomRanges(SplittableRandom random) {
        for (int i = 0; i < 10_000; i++) {
            long a = random.nextLong() >> random.nextInt(Long.SIZE);
            long b = a + (random.nextLong() >>> random.nextInt(Long.SIZE));
            long min = Math.min(a, b);
            long max = Math.max(a, b);
            int width = Frame.width(min, max);
            long base = Frame.base(min, max, width);
            assertThat(Frame.fits(min, base, width) && Frame.fits(max, base, width))
                    .as("%d to %d", min, max)
                    .isTrue();
            assertThat(base).isLessThanOrEqualTo(min);
            assertThat(Long.compareUnsigned(max - base, Frame.mask(width)))
                    .as("%d to %d", min, max)
                    .isLessThanOrEqualTo(0);
        }
    }
}
