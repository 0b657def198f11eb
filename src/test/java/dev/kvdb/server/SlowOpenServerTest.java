package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

import com.google.protobuf.ByteString;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreListener;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
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
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A store whose open takes its time, seen from outside. */
@QuarkusTest
@TestProfile(SlowOpenServerTest.HeldOpen.class)
class SlowOpenServerTest {

    /** A server whose store does not open until the test lets it. */
    public static class HeldOpen extends SimulatedEnvironment.Profile {

        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> overrides = super.getConfigOverrides();
            overrides.put("kvdb.data-directory", HeldDisk.STORE);
            return overrides;
        }

        @Override
        public Set<Class<?>> getEnabledAlternatives() {
            return Set.of(HeldDisk.class);
        }
    }

    /** A disk with a store on it, whose snapshot cannot be read yet. */
    @Alternative
    @Singleton
    public static class HeldDisk {

        static final String STORE = "/kvdb/held";

        private final SimulatedEnvironment simulated = new SimulatedEnvironment();

        @Produces
        @Singleton
        @Alternative
        Environment environment() {
            Environment environment = simulated.environment();
            try (Store store = Store.open(Path.of(STORE), StoreOptions.DEFAULTS, environment, StoreListener.NONE)) {
                store.set(1, "value".getBytes(StandardCharsets.UTF_8))
                        .toCompletableFuture()
                        .join();
            }
            simulated
                    .files()
                    .inject(Fault.on(FileOperation.READ)
                            .named("SNAPSHOT")
                            .as(Fault.Kind.HOLD)
                            .forEver());
            return environment;
        }
    }

    @Inject
    HeldDisk disk;

    @Test
    void callsWhileTheStoreIsOpened_areTurnedAway_andProbesTellHowFarItHasCome() {
        Integer port = org.eclipse.microprofile.config.ConfigProvider.getConfig()
                .getValue("quarkus.grpc.server.test-port", Integer.class);
        try (ServerUnderTest server = ServerUnderTest.atPort(port)) {
            Awaitility.await().until(() -> disk.simulated.files().held() == 1);

            assertTurnedAway(() -> get(server));
            assertTurnedAway(() -> server.keyValue()
                    .set(SetRequest.newBuilder().setValue(ByteString.EMPTY).build()));
            assertTurnedAway(() -> server.keyValue().remove(RemoveRequest.getDefaultInstance()));
            assertTurnedAway(() -> server.admin().collectGarbage(CollectGarbageRequest.getDefaultInstance()));
            assertThat(server.admin().status(StatusRequest.getDefaultInstance()).getState())
                    .isEqualTo(StoreState.STORE_STATE_OPENING);
            assertThat(health(server)).isEqualTo(ServingStatus.NOT_SERVING);
            given().get("/q/health/started")
                    .then()
                    .statusCode(503)
                    .body("checks.data[0].state", equalTo("OPENING"))
                    .body("checks.data[0].phase", equalTo("reading the snapshot"))
                    .body("checks.data[0].'done-percent'", equalTo(0))
                    .body("checks.data[0].'total-bytes'", greaterThan(0));
            given().get("/q/health/ready").then().statusCode(503).body("checks.data[0].state", equalTo("OPENING"));
            given().get("/q/health/live").then().statusCode(200);

            disk.simulated.files().heal();

            Awaitility.await().until(() -> given().get("/q/health/ready").statusCode() == 200);
            given().get("/q/health/started").then().statusCode(200);
            assertThat(health(server)).isEqualTo(ServingStatus.SERVING);
            assertThat(get(server)).isEqualTo("value");
        }
    }

    private static void assertTurnedAway(ThrowingCallable call) {
        StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(ServerUnderTest.errorInfo(failure).getReason()).isEqualTo("STARTING");
    }

    private static ServingStatus health(ServerUnderTest server) {
        return HealthGrpc.newBlockingStub(server.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }

    private static String get(ServerUnderTest server) {
        return server.keyValue()
                .get(GetRequest.newBuilder().setKey(1).build())
                .getEntry()
                .getValue()
                .toStringUtf8();
    }
}
