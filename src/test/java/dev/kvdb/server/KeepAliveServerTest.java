package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Pings on a connection that has no call. That a client which does not answer is dropped is shown by
 * {@link ReplyLimitServerTest}, and that one which pings too often is sent away by {@link RpcAbuseIT}.
 */
@QuarkusTest
@TestProfile(KeepAliveServerTest.AnyPing.class)
class KeepAliveServerTest {

    /** More than gRPC lets pass of those that come too early. */
    private static final int PINGS = 10;

    /** No ping comes too early; the server pings soon. */
    public static class AnyPing implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "kvdb.data-directory", "target/test-data/keep-alive-${quarkus.uuid}",
                    "quarkus.grpc.server.netty.keep-alive-time", "1s",
                    "quarkus.grpc.server.netty.permit-keep-alive-time", "0s");
        }
    }

    @Test
    void clientWithoutACall_mayPingAsOftenAsIsPermitted() throws IOException {
        try (RawConnection idle = new RawConnection(ServerUnderTest.inProcessPort()).preface()) {
            for (int ping = 0; ping < PINGS; ping++) {
                assertThat(idle.ping().type()).as("answer to ping %d", ping).isEqualTo(RawConnection.PING);
            }
        }
    }

    @Test
    void silentClientWithoutACall_isPinged() throws IOException {
        try (RawConnection silent = new RawConnection(ServerUnderTest.inProcessPort()).preface()) {
            RawConnection.Frame frame = silent.nextFrame();
            while (frame.type() != RawConnection.PING) {
                frame = silent.nextFrame();
            }

            assertThat(frame.isAcknowledgement()).isFalse();
        }
    }
}
