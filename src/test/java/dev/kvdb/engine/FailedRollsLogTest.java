package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailedRollsLogTest {

    private final ManualClock clock = new ManualClock();
    private final List<String> lines = new ArrayList<>();
    private final FailedRollsLog log = new FailedRollsLog(clock, lines::add);

    @Test
    void firstFailure_isToldAtOnceAndOnce() {
        log.failed("no descriptor");
        pass(59, 1);
        pass(600, 1);
        assertThat(lines).singleElement().asString().contains("each tries again: no descriptor");
    }

    @Test
    void failuresAfterTheFirst_areCountedInOneLineAMinute() {
        for (int second = 0; second < 150; second++) {
            log.failed("reason " + second);
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).startsWith("60 more times").endsWith("reason 60");
        assertThat(lines.get(2)).startsWith("60 more times").endsWith("reason 120");
    }

    @Test
    void failuresThatEnd_areToldInFullWithoutAnotherOne() {
        log.failed("first");
        log.failed("second");
        log.failed("third");
        assertThat(lines).hasSize(1);
        pass(59, 1);
        pass(1, 2);
        assertThat(lines.get(1)).startsWith("2 more times").endsWith("third");
    }

    @Test
    void failureAfterAQuietMinute_isToldAtOnceAgain() {
        log.failed("first");
        pass(60, 1);
        log.failed("again");
        assertThat(lines).hasSize(2);
        assertThat(lines.get(1)).contains("each tries again: again");
    }

    private void pass(int seconds, int linesThen) {
        clock.advance(Duration.ofSeconds(seconds));
        log.tellWhatIsDue();
        assertThat(lines).hasSize(linesThen);
    }
}
