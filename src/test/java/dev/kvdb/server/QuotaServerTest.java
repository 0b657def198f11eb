package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.StoreState;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A store at its quota, seen from outside: the disk has space, the reason and the figures say so. */
@QuarkusTest
@TestProfile(QuotaServerTest.Profile.class)
class QuotaServerTest {

    private static final long QUOTA = 512 << 10;
    private static final ByteString VALUE = ByteString.copyFrom(new byte[10_000]);

    /** A small server with a quota, which scrubs. */
    public static class Profile extends SimulatedEnvironment.Profile {

        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> overrides = super.getConfigOverrides();
            overrides.put("kvdb.storage.quota", "512K");
            overrides.put("kvdb.scrub.period", "1s");
            return overrides;
        }
    }

    @Test
    void quotaReached_refusesSetsAlone_isToldEverywhere_andPassesWithoutARestart() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            StatusRuntimeException refusal =
                    catchThrowableOfType(StatusRuntimeException.class, () -> set(server, 0, 1_000));
            assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(refusal).hasMessageContaining("quota of " + QUOTA + " bytes");
            assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("QUOTA_REACHED");

            StatusResponse status = server.admin().status(StatusRequest.getDefaultInstance());
            assertThat(status.getState()).isEqualTo(StoreState.STORE_STATE_DISK_FULL);
            assertThat(status.getStateDetail()).contains("quota");
            assertThat(status.getQuotaBytes()).isEqualTo(QUOTA);
            assertThat(status.getFileBytes()).isBetween(QUOTA / 2, QUOTA);
            given().get("/q/health/ready")
                    .then()
                    .statusCode(503)
                    .body("checks.data[0].state", equalTo("DISK_FULL"))
                    .body("checks.data[0].detail", containsString("quota"))
                    .body("checks.data[0].'quota-bytes'", equalTo((int) QUOTA));
            assertThat(given().accept("text/plain").get("/q/metrics").asString())
                    .containsPattern("kvdb_quota_bytes 524288")
                    .containsPattern("kvdb_files_size_bytes [1-9]");

            for (int key = 0; key < status.getKeys(); key++) {
                assertThat(server.keyValue()
                                .remove(RemoveRequest.newBuilder().setKey(key).build())
                                .getRemoved())
                        .isTrue();
            }
            server.admin().collectGarbage(CollectGarbageRequest.getDefaultInstance());

            Awaitility.await().until(() -> given().get("/q/health/ready").statusCode() == 200);
            set(server, 5_000, 5_001);
        }
    }

    private static void set(ServerUnderTest server, long from, long to) {
        for (long key = from; key < to; key++) {
            server.keyValue()
                    .set(SetRequest.newBuilder().setKey(key).setValue(VALUE).build());
        }
    }
}
