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
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        calls.begin(Kind.DATA);
        assertThatThrownBy(() -> calls.begin(Kind.DATA)).isInstanceOf(OverloadedException.class);
        assertThat(calls.requests()).isEqualTo(2);

        first.end();

        calls.begin(Kind.DATA);
    }

    @Test
    void callEndedTwice_countsOnce() {
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        CallsInFlight.Call second = calls.begin(Kind.DATA);
        first.admitRequest(10);
        second.admitRequest(20);

        first.end();
        first.end();

        assertThat(calls.requests()).isEqualTo(1);
        assertThat(calls.bytes()).isEqualTo(20);
    }

    @Test
    void upkeepIsAdmitted_whileDataCallsAreAtTheirLimit() {
        calls.begin(Kind.DATA);
        calls.begin(Kind.DATA);

        for (int i = 0; i < 3; i++) {
            calls.begin(Kind.UPKEEP);
        }

        assertThat(calls.requests()).isEqualTo(5);
    }

    @Test
    void requestOverTheLimit_isRefusedAndNotCharged() {
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        CallsInFlight.Call second = calls.begin(Kind.DATA);
        first.admitRequest(BYTES_MAX);
        assertThatThrownBy(() -> second.admitRequest(1)).isInstanceOf(OverloadedException.class);

        second.end();
        assertThat(calls.bytes()).isEqualTo(BYTES_MAX);
        first.end();

        assertThat(calls.bytes()).isZero();
    }

    @Test
    void replyOverTheLimit_isRefusedBeforeItIsMade() {
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        CallsInFlight.Call second = calls.begin(Kind.DATA);
        first.reserveReply(BYTES_MAX - 10);

        assertThatThrownBy(() -> second.reserveReply(11)).isInstanceOf(OverloadedException.class);
        second.reserveReply(10);

        assertThat(calls.bytes()).isEqualTo(BYTES_MAX);
    }

    @Test
    void callThatIsAlone_isAdmittedWhateverItsSize() {
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        CallsInFlight.Call second = calls.begin(Kind.DATA);
        first.admitRequest(10);

        first.reserveReply(10 * BYTES_MAX);

        assertThat(calls.bytes()).isEqualTo(10 + 10 * BYTES_MAX);
        assertThatThrownBy(() -> second.admitRequest(1)).isInstanceOf(OverloadedException.class);
        first.end();
        second.admitRequest(1);
        assertThat(calls.bytes()).isEqualTo(1);
    }

    @Test
    void replyReservedThenKnownThenSent_isChargedOnce() {
        CallsInFlight.Call call = calls.begin(Kind.DATA);
        call.admitRequest(10);

        call.reserveReply(100);
        call.reserveReply(90);
        call.sendReply(90);

        assertThat(calls.bytes()).isEqualTo(100);
        call.end();
        assertThat(calls.bytes()).isZero();
    }

    @Test
    void replyThatGrewOverTheLimit_isRefused_andWhatWasReservedGoesWithItsCall() {
        CallsInFlight.Call first = calls.begin(Kind.DATA);
        CallsInFlight.Call second = calls.begin(Kind.DATA);
        first.reserveReply(BYTES_MAX - 10);
        second.reserveReply(10);

        assertThatThrownBy(() -> second.reserveReply(20)).isInstanceOf(OverloadedException.class);

        assertThat(calls.bytes()).isEqualTo(BYTES_MAX);
        second.end();
        first.end();
        assertThat(calls.bytes()).isZero();
    }

    @Test
    void replyOfAWriteAtTheLimit_isCountedAndNotRefused() {
        CallsInFlight.Call write = calls.begin(Kind.DATA);
        write.admitRequest(BYTES_MAX);

        write.sendReply(20);

        assertThat(calls.bytes()).isEqualTo(BYTES_MAX + 20);
        write.end();
        assertThat(calls.bytes()).isZero();
    }

    @Test
    void cancelledCall_isChargedNothingAnyMore() {
        CallsInFlight.Call call = calls.begin(Kind.DATA);
        call.reserveReply(100);
        call.end();

        call.reserveReply(200);
        call.sendReply(200);

        assertThat(call.ended()).isTrue();
        assertThat(calls.bytes()).isZero();
    }

    @Test
    void drainWithNothingInFlight_hasEnded() {
        calls.drain();

        assertThat(calls.awaitDataEnded(Duration.ZERO)).isTrue();
        assertThat(calls.awaitAllEnded(Duration.ZERO)).isTrue();
    }

    @Test
    void drain_refusesNewCalls_andEndsWithTheLastDataCall() {
        CallsInFlight.Call data = calls.begin(Kind.DATA);
        CallsInFlight.Call upkeep = calls.begin(Kind.UPKEEP);
        calls.drain();

        assertThatThrownBy(() -> calls.begin(Kind.DATA)).isInstanceOf(NotServingException.class);
        assertThat(calls.awaitDataEnded(Duration.ZERO)).isFalse();
        data.end();
        assertThat(calls.awaitDataEnded(Duration.ZERO)).isTrue();
        assertThat(calls.awaitAllEnded(Duration.ZERO)).isFalse();
        upkeep.end();
        assertThat(calls.awaitAllEnded(Duration.ZERO)).isTrue();
    }
}
