package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ManualClock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WriteLoadTest {

    private static final long MIB = 1 << 20;

    private final ManualClock clock = new ManualClock();
    private final AtomicLong written = new AtomicLong(7 * MIB);
    private final WriteLoad load = new WriteLoad(clock, written::get);

    @Test
    void nothingWritten_isNoLoad() {
        assertThat(load.isBusy()).isFalse();
        clock.advance(Duration.ofHours(1));
        assertThat(load.isBusy()).isFalse();
    }

    @Test
    void muchWrittenAtOnce_isLoadUntilAPause() {
        written.addAndGet(2 * MIB - 1);
        assertThat(load.isBusy()).isFalse();
        written.addAndGet(1);
        assertThat(load.isBusy()).isTrue();
        clock.advance(Duration.ofMillis(1_999));
        assertThat(load.isBusy()).isTrue();
        clock.advance(Duration.ofMillis(1));
        assertThat(load.isBusy()).isFalse();
    }

    @Test
    void trickle_isNoLoadHoweverRarelyItIsLookedAt() {
        for (int look = 0; look < 10; look++) {
            written.addAndGet(100 * MIB - 1);
            clock.advance(Duration.ofSeconds(100));
            assertThat(load.isBusy()).as("look %s", look).isFalse();
        }
    }

    @Test
    void loadAfterALongPause_isNoticedAtOnce() {
        clock.advance(Duration.ofHours(1));
        assertThat(load.isBusy()).isFalse();
        written.addAndGet(2 * MIB);
        assertThat(load.isBusy()).isTrue();
    }

    @Test
    void steadyLoad_staysLoadBetweenLooksOfAnyLength() {
        for (int millis = 1; millis < 100_000; millis *= 3) {
            written.addAndGet(3 * MIB + 10 * MIB * millis / 1_000);
            clock.advance(Duration.ofMillis(millis));
            assertThat(load.isBusy()).as("after %s ms more", millis).isTrue();
        }
    }
}
