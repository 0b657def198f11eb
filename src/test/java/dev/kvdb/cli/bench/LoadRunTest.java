package dev.kvdb.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.FakeServer;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.ServerAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A run and its end, over real connections. */
class LoadRunTest {

    private static final int KEYS = 1_000_000;

    @AutoClose
    private final FakeServer server = new FakeServer();

    private LoadRun connect(double rate) {
        LoadSettings settings = new LoadSettings(
                OperationMix.parse("get=1,set=1"),
                KeyDistribution.parse("uniform"),
                5_000,
                KEYS,
                new ValueSizes(8, 8),
                16,
                2,
                rate,
                0,
                TimeUnit.HOURS.toNanos(1),
                LoadSettings.UNLIMITED,
                TimeUnit.SECONDS.toNanos(30),
                42,
                false,
                true);
        return LoadRun.connect(ServerAddress.parse(server.address()), ClientOptions.DEFAULTS, settings);
    }

    private void stopWhenUnderWay(LoadRun run, LoadProgress progress) {
        if (progress.ok() > 100) {
            run.stop();
        }
    }

    @Test
    void stoppedRun_returnsWhatThereIs_andIsCleanedUp() {
        try (LoadRun run = connect(0)) {
            LoadResult result = run.run(progress -> stopWhenUnderWay(run, progress));
            assertThat(result.isInterrupted()).isTrue();
            assertThat(result.ok()).isGreaterThan(100);
            assertThat(server.size()).isPositive();
            assertThat(run.cleanUp(done -> {})).isGreaterThanOrEqualTo(server.size());
            assertThat(server.size()).isZero();
        }
    }

    @Test
    void stoppedRunAtARate_returnsWhatThereIs() {
        try (LoadRun run = connect(2_000)) {
            LoadResult result = run.run(progress -> stopWhenUnderWay(run, progress));
            assertThat(result.isInterrupted()).isTrue();
            assertThat(result.ok()).isGreaterThan(100);
        }
    }

    @Test
    void stoppedPreload_ends_andItsKeysAreCleanedUp() {
        try (LoadRun run = connect(0)) {
            long set = run.preload(done -> run.stop());
            assertThat(set).isBetween(1L, KEYS - 1L);
            assertThat(server.size()).isEqualTo(Math.toIntExact(set));
            run.cleanUp(done -> {});
            assertThat(server.size()).isZero();
        }
    }
}
