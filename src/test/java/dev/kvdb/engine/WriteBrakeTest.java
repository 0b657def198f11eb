package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.PassingClock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WriteBrakeTest {

    private static final int SEGMENT_BYTES = 64 << 20;

    private final PassingClock clock = new PassingClock();

    @Test
    void nothingToWaitFor_noTimePasses() {
        long start = clock.nanoTime();
        new WriteBrake(clock, SEGMENT_BYTES, () -> false).hold();
        assertThat(clock.nanoTime()).isEqualTo(start);
    }

    @Test
    void collectionIsBehind_waitsUntilItIsNot() {
        AtomicInteger looks = new AtomicInteger();
        long start = clock.nanoTime();
        new WriteBrake(clock, SEGMENT_BYTES, () -> looks.incrementAndGet() < 10).hold();
        assertThat(looks).hasValue(10);
        assertThat(clock.nanoTime() - start)
                .isBetween(
                        Duration.ofMillis(9).toNanos(), Duration.ofMillis(100).toNanos());
    }

    @Test
    void collectionStaysBehind_waitsASecond() {
        long start = clock.nanoTime();
        new WriteBrake(clock, SEGMENT_BYTES, () -> true).hold();
        assertThat(clock.nanoTime() - start)
                .isBetween(
                        Duration.ofSeconds(1).toNanos(), Duration.ofSeconds(2).toNanos());
    }

    @Test
    void smallSegments_waitAsMuchLess() {
        long start = clock.nanoTime();
        new WriteBrake(clock, SEGMENT_BYTES / 16, () -> true).hold();
        assertThat(clock.nanoTime() - start)
                .isBetween(
                        Duration.ofMillis(62).toNanos(), Duration.ofMillis(125).toNanos());
    }
}
