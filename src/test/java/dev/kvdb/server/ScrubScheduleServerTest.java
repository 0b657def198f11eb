package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.v1.StatusRequest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuotaServerTest.Profile.class)
class ScrubScheduleServerTest {

    @Inject
    Scrub scrub;

    @Test
    void scrubs_runByThemselvesAgainAndAgain() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(120))
                    .until(() -> scrub.figures().runs() >= 2);

            assertThat(scrub.figures().failures()).isZero();
            assertThat(server.admin()
                            .status(StatusRequest.getDefaultInstance())
                            .getScrub()
                            .getScheduled())
                    .isTrue();
        }
    }
}
