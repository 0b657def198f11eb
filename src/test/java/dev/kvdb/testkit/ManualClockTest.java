package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ManualClockTest {

    private final ManualClock clock = new ManualClock(Instant.EPOCH);

    @Test
    void parked_returnsSoonAndNoTimePasses() {
        clock.parkNanos(Duration.ofDays(1).toNanos());

        assertThat(clock.now()).isEqualTo(Instant.EPOCH);
        assertThat(clock.nanoTime()).isZero();
    }

    @Test
    void advanced_bothReadingsMove() {
        clock.advance(Duration.ofSeconds(2));

        assertThat(clock.now()).isEqualTo(Instant.ofEpochSecond(2));
        assertThat(clock.nanoTime()).isEqualTo(2_000_000_000L);
    }

    @Test
    void jumpedBack_onlyTheWallClockMoves() {
        clock.jump(Duration.ofHours(-1));

        assertThat(clock.now()).isEqualTo(Instant.ofEpochSecond(-3600));
        assertThat(clock.nanoTime()).isZero();
    }
}
