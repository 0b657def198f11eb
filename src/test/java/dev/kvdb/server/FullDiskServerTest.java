package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StoreState;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A disk without space, seen from outside: what is refused, what is not, who is told, and that it passes. */
@QuarkusTest
@TestProfile(SimulatedEnvironment.Profile.class)
class FullDiskServerTest {

    private static final ByteString VALUE = ByteString.copyFrom(new byte[10_000]);

    @Inject
    SimulatedEnvironment environment;

    @Test
    void fullDisk_refusesSetsAlone_isToldEverywhere_andPassesWithoutARestart() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            long used = Long.MAX_VALUE
                    - environment.disk().usableBytes(environment.disk().root());
            environment.disk().capacityBytes(used + 100_000);
            long keys = setUntilRefused(server);

            assertThat(keys).isPositive();
            assertRefused(server);
            assertStateIsTold(server, ServingStatus.NOT_SERVING, 503, "DISK_FULL");
            assertThat(server.admin().status(StatusRequest.getDefaultInstance()).getState())
                    .isEqualTo(StoreState.STORE_STATE_DISK_FULL);
            assertThat(get(server, 0)).isEqualTo(VALUE);
            assertThat(remove(server, 0)).isTrue();
            assertThat(get(server, 0)).isEmpty();
            server.admin().collectGarbage(CollectGarbageRequest.getDefaultInstance());

            environment.disk().capacityBytes(Long.MAX_VALUE);

            Awaitility.await().until(() -> given().get("/q/health/ready").statusCode() == 200);
            assertStateIsTold(server, ServingStatus.SERVING, 200, "WRITABLE");
            set(server, keys);
            assertThat(get(server, keys)).isEqualTo(VALUE);
        }
    }

    private static long setUntilRefused(ServerUnderTest server) {
        for (long key = 0; key < 1_000; key++) {
            try {
                set(server, key);
            } catch (StatusRuntimeException e) {
                return key;
            }
        }
        throw new AssertionError("the disk does not fill up");
    }

    private static void assertRefused(ServerUnderTest server) {
        StatusRuntimeException refusal = catchThrowableOfType(StatusRuntimeException.class, () -> set(server, 1_000));
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("DISK_FULL");
    }

    private static void assertStateIsTold(ServerUnderTest server, ServingStatus grpc, int http, String state) {
        assertThat(HealthGrpc.newBlockingStub(server.channel())
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(grpc);
        given().get("/q/health/ready")
                .then()
                .statusCode(http)
                .body("checks.data[0].state", equalTo(state))
                .body("checks.data[0].detail", http == 200 ? equalTo(null) : containsString(".log"));
        given().get("/q/health/live").then().statusCode(200);
        given().get("/q/health/started").then().statusCode(200);
        assertThat(given().accept("text/plain").get("/q/metrics").asString())
                .containsPattern("kvdb_state\\{state=\"" + state.toLowerCase(java.util.Locale.ROOT) + "\",?} 1");
    }

    private static void set(ServerUnderTest server, long key) {
        server.keyValue()
                .set(SetRequest.newBuilder().setKey(key).setValue(VALUE).build());
    }

    private static boolean remove(ServerUnderTest server, long key) {
        return server.keyValue()
                .remove(RemoveRequest.newBuilder().setKey(key).build())
                .getRemoved();
    }

    private static ByteString get(ServerUnderTest server, long key) {
        return server.keyValue()
                .get(GetRequest.newBuilder().setKey(key).build())
                .getEntry()
                .getValue();
    }
}
