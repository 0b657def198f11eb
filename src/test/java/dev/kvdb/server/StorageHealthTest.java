package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StorageHealthTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void figures_areThoseOfTheStore(boolean collecting) {
        HealthCheckResponseBuilder response =
                HealthCheckResponse.named("storage").up();

        StorageHealth.addFigures(response, StatisticsSample.make(collecting));

        assertThat(response.build().getData())
                .hasValue(Map.ofEntries(
                        Map.entry("keys", 101L),
                        Map.entry("disk-free-bytes", 103L),
                        Map.entry("file-bytes", 106L),
                        Map.entry("quota-bytes", 107L),
                        Map.entry("degraded", true),
                        Map.entry("log-bytes", 202L),
                        Map.entry("live-bytes", 203L),
                        Map.entry("dead-bytes", 204L),
                        Map.entry("damaged-segments", 206L),
                        Map.entry("last-sync-error", "sync error"),
                        Map.entry("gc-running", collecting),
                        Map.entry("gc-runs", 601L),
                        Map.entry("gc-failures", 602L),
                        Map.entry("gc-last-error", "gc error")));
    }
}
