package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SystemEnvironmentTest {

    private final Environment environment = Environment.system();

    @Test
    void threads_areNamedDaemons() {
        Thread thread = environment.threads().newThread(() -> {});

        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getName()).startsWith("kvdb-");
    }

    @Test
    void clock_tellsTheTimeAndWaits() {
        Clock clock = environment.clock();
        long before = clock.nanoTime();
        clock.parkNanos(1);

        assertThat(clock.nanoTime()).isGreaterThan(before);
        assertThat(Duration.between(clock.now(), Instant.now()).abs()).isLessThan(Duration.ofMinutes(1));
    }
}
