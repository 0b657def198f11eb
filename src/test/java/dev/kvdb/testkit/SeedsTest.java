package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SeedsTest {

    @Test
    void failingTest_saysHowToReplayIt() {
        AtomicLong used = new AtomicLong();

        assertThatThrownBy(() -> Seeds.run(seed -> {
                    used.set(seed);
                    throw new IOException("broken");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("-Dkvdb.seed=" + used.get())
                .hasMessageContaining("broken")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void sameSeed_givesTheSameRandomness() {
        CrashingFileSystem files = new CrashingFileSystem();

        assertThat(TestEnvironment.of(files, 5).random().nextLong())
                .isEqualTo(TestEnvironment.of(files, 5).random().nextLong());
        assertThat(TestEnvironment.of(files, 5).threads().newThread(() -> {}).isDaemon())
                .isTrue();
    }
}
