package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrainTest {

    @ParameterizedTest
    @CsvSource({"1, 1 call", "2, 2 calls", "17, 17 calls"})
    void calls_areCountedInWords(int calls, String text) {
        assertThat(StoreLifecycle.count(calls, "call")).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 0 s", "PT0.5S, 500 ms", "PT20S, 20 s", "PT1M, 60 s"})
    void gracePeriod_isNotRounded(Duration period, String text) {
        assertThat(Drain.text(period)).isEqualTo(text);
    }
}
