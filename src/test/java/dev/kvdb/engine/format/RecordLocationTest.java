package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordLocationTest {

    @Test
    void eachSizeAroundEachBoundaryUpTo16MiB_isRoundedUpByAtMostOne32nd() {
        for (int bytes = 1; bytes <= 1 << 12; bytes++) {
            checkSize(bytes);
        }
        for (int power = 12; power <= 30; power++) {
            for (int step = 32; step < 64; step++) {
                long boundary = (long) step << (power - 5);
                for (long bytes = boundary - 2; bytes <= boundary + 2 && bytes < RecordLocation.OFFSET_MAX; bytes++) {
                    checkSize((int) bytes);
                }
            }
        }
    }

    @Test
    void sizes_keepTheirOrder() {
        int before = 0;
        for (int bytes = 1; bytes <= 1 << 14; bytes++) {
            int rounded = RecordLocation.frameBytesAtLeast(RecordLocation.of(1, 0, bytes));
            assertThat(rounded).isGreaterThanOrEqualTo(before);
            before = rounded;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "1, 1073741823", "16777215, 0", "16777215, 1073741823", "8388608, 128"})
    void extremesOfSegmentAndOffset_areReadAsPackedAndNever0(int segmentId, int offset) {
        for (int bytes : new int[] {1, 25, 33, 1 << 24, RecordLocation.OFFSET_MAX}) {
            long location = RecordLocation.of(segmentId, offset, bytes);

            assertThat(location).isNotZero();
            assertThat(RecordLocation.segmentId(location)).isEqualTo(segmentId);
            assertThat(RecordLocation.offset(location)).isEqualTo(offset);
            assertThat(RecordLocation.frameBytesAtLeast(location)).isGreaterThanOrEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 1", "16777216, 0, 1", "1, -1, 1", "1, 1073741824, 1", "1, 0, 0", "-1, 0, 1"})
    void partOutOfRange_isRefused(int segmentId, long offset, int frameBytes) {
        assertThatThrownBy(() -> RecordLocation.of(segmentId, offset, frameBytes))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void checkSize(int bytes) {
        int rounded = RecordLocation.frameBytesAtLeast(RecordLocation.of(1, 128, bytes));
        if (rounded < bytes || (rounded - bytes) * 32L > bytes) {
            throw new AssertionError(bytes + " is rounded to " + rounded);
        }
    }
}
