package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.server.CallsInFlight.Kind;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CallsInFlightTest {

    private static final int BYTES_MAX = 128 << 10;

    private final CallsInFlight calls = new CallsInFlight(new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .withSources(new PropertiesConfigSource(
                    Map.of(
                            "kvdb.storage.value-size-max", "64K",
                            "kvdb.limits.requests-in-flight", "2",
                            "kvdb.limits.bytes-in-flight", "128K"),
                    "test",
                    300))
            .build()
            .getConfigMapping(ServerConfiguration.class)));

    @Test
    void callsUpToTheLimit_areAdmitted_andOneMoreAfterOneEnded() {
        calls.begin(Kind.DATA);
        calls.begin(Kind.DATA);
        assertThatThrownBy(() -> calls.begin(Kind.DATA)).isInstanceOf(OverloadedException.class);
        assertThat(calls.requests()).isEqualTo(2);

        calls.end(Kind.DATA, 0);

        calls.begin(Kind.DATA);
    }

    @Test
    void upkeepIsAdmitted_whileDataCallsAreAtTheirLimit() {
        calls.begin(Kind.DATA);
        calls.begin(Kind.DATA);

        calls.begin(Kind.UPKEEP);

        assertThat(calls.requests()).isEqualTo(3);
    }

    @Test
    void bytesOverTheLimit_areRefusedAndNotCounted() {
        calls.begin(Kind.DATA);
        calls.admitBytes(BYTES_MAX);
        assertThatThrownBy(() -> calls.admitBytes(1)).isInstanceOf(OverloadedException.class);

        calls.end(Kind.DATA, BYTES_MAX);

        assertThat(calls.bytes()).isZero();
    }

    @Test
    void drain_refusesNewCalls_andEndsWithTheLastDataCall() {
        calls.begin(Kind.DATA);
        calls.begin(Kind.UPKEEP);
        calls.drain();

        assertThatThrownBy(() -> calls.begin(Kind.DATA)).isInstanceOf(NotServingException.class);
        assertThat(calls.awaitDataEnded(Duration.ZERO)).isFalse();
        calls.end(Kind.DATA, 0);
        assertThat(calls.awaitDataEnded(Duration.ZERO)).isTrue();
        assertThat(calls.awaitAllEnded(Duration.ZERO)).isFalse();
        calls.end(Kind.UPKEEP, 0);
        assertThat(calls.awaitAllEnded(Duration.ZERO)).isTrue();
    }
}
