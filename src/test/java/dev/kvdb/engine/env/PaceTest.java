package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PaceTest {

    private final ManualClock time = new ManualClock();
    private final AtomicInteger waits = new AtomicInteger();

    /** Passes the time that is waited for. */
    private final Clock clock = new Clock() {
        @Override
        public Instant now() {
            return time.now();
        }

        @Override
        public long nanoTime() {
            return time.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            waits.incrementAndGet();
            time.advance(Duration.ofNanos(nanos));
        }
    };

    @Test
    void noLimit_neverWaits() {
        Pace pace = new Pace(clock, 0, () -> false);
        pace.await(Long.MAX_VALUE);

        assertThat(waits).hasValue(0);
    }

    @Test
    void limit_isKeptOverall() {
        long start = clock.nanoTime();
        Pace pace = new Pace(clock, 1_000_000, () -> false);
        for (int i = 0; i < 100; i++) {
            pace.await(30_000);
        }
        assertThat(clock.nanoTime() - start).isEqualTo(3_000_000_000L);
        time.advance(Duration.ofSeconds(10));
        int before = waits.get();
        pace.await(1_000_000);
        assertThat(waits).as("behind its pace it does not wait").hasValue(before);
    }

    @Test
    void cancel_endsAWaitWithinATenthOfASecond() {
        AtomicInteger asked = new AtomicInteger();
        long start = clock.nanoTime();
        new Pace(clock, 1, () -> asked.incrementAndGet() > 3).await(1_000_000);

        assertThat(clock.nanoTime() - start).isEqualTo(300_000_000);
    }
}
