package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.Seeds;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@link KilledHistories}, as many as the system property {@code kvdb.killed-histories} says. */
class KilledHistoriesIT {

    private static final int HISTORIES = Integer.getInteger("kvdb.killed-histories", 5);

    @Test
    @Timeout(value = 3, unit = java.util.concurrent.TimeUnit.HOURS)
    void serverKilledInEachHistory_theyAreLinearizable(@TempDir Path work) throws Exception {
        Seeds.run(seed -> {
            KilledHistories.Outcome outcome = new KilledHistories(work.resolve("database"), seed).run(HISTORIES);
            System.out.println(outcome + ", seed " + seed);
            assertThat(outcome.unknownWrites()).isPositive();
        });
    }
}
