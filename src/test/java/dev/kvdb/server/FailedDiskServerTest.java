package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.LoggedLines;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.StoreState;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** A disk that fails or hangs, seen from outside. What fails a sync is last: the store does not come back from it. */
@QuarkusTest
@TestProfile(FailedDiskServerTest.OwnServer.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FailedDiskServerTest {

    /** A server that no other test has to go on with. */
    public static class OwnServer extends SimulatedEnvironment.Profile {}

    @Inject
    SimulatedEnvironment environment;

    @Inject
    CallsInFlight calls;

    @AfterEach
    void heal() {
        environment.files().heal();
    }

    @Test
    @Order(1)
    void failedRead_isInternal_andItsBytesAreGivenBack() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            set(server, 1, "value");
            environment.files().inject(Fault.on(FileOperation.READ).forEver());

            assertFails(() -> get(server, 1), Status.Code.INTERNAL, "IO_FAILED");

            Awaitility.await().until(calls::requests, Predicate.isEqual(0));
            assertThat(calls.bytes()).isZero();
            environment.files().heal();
            assertThat(get(server, 1)).isEqualTo("value");
        }
    }

    @Test
    @Order(2)
    void readWhoseClientHasGone_isChargedForItsReplyBefore_andForNothingAfterwards() {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            String value = "v".repeat(10_000);
            set(server, 1, value);
            environment.files().inject(Fault.on(FileOperation.READ).as(Fault.Kind.HOLD));
            SlowReader reader = new SlowReader(server, 1);
            Awaitility.await().until(() -> environment.files().held() == 1);
            assertThat(calls.bytes()).as("charged before the disk has answered").isGreaterThanOrEqualTo(value.length());

            reader.cancel();

            Awaitility.await().until(calls::requests, Predicate.isEqual(0));
            assertThat(calls.bytes()).isZero();
            environment.files().heal();
            assertThat(get(server, 1)).isEqualTo(value);
            Awaitility.await().until(calls::requests, Predicate.isEqual(0));
            assertThat(calls.bytes()).isZero();
        }
    }

    @Test
    @Order(3)
    void collectionThatHangs_doesNotKeepStatusFromAnswering() throws Exception {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            for (int i = 0; i < 1_000; i++) {
                set(server, 2, "value " + i);
            }
            environment
                    .files()
                    .inject(Fault.on(FileOperation.READ, FileOperation.CREATE)
                            .named(".*\\.log")
                            .as(Fault.Kind.HOLD)
                            .forEver());
            ListenableFuture<CollectGarbageResponse> collection = AdminGrpc.newFutureStub(server.channel())
                    .collectGarbage(CollectGarbageRequest.getDefaultInstance());
            Awaitility.await()
                    .until(() -> server.admin()
                            .status(StatusRequest.getDefaultInstance())
                            .getGarbageCollection()
                            .getRunning());
            assertThat(server.admin()
                            .collectGarbage(CollectGarbageRequest.getDefaultInstance())
                            .getSkipped())
                    .isTrue();
            assertThat(collection.isDone()).isFalse();

            environment.files().heal();
            assertThat(collection.get(1, TimeUnit.MINUTES).getSkipped()).isFalse();
        }
    }

    @Test
    @Order(4)
    void damagedValue_isDataLossOfItsKeyAlone_andTheServerIsReadyButDegraded() throws IOException {
        try (ServerUnderTest server = ServerUnderTest.inProcess()) {
            set(server, 5, "to be damaged");
            set(server, 6, "whole");
            given().get("/q/health/ready").then().statusCode(200).body("checks.data[0].degraded", equalTo(false));

            damage("to be damaged");

            assertFails(() -> get(server, 5), Status.Code.DATA_LOSS, "DAMAGED");
            assertThat(get(server, 6)).isEqualTo("whole");
            set(server, 7, "written");
            given().get("/q/health/ready")
                    .then()
                    .statusCode(200)
                    .body("checks.data[0].state", equalTo("WRITABLE"))
                    .body("checks.data[0].degraded", equalTo(true))
                    .body("checks.data[0].'damaged-segments'", equalTo(1));
        }
    }

    /** Inverts a bit of a value, wherever it was appended. */
    private void damage(String value) throws IOException {
        Path store = Path.of("/kvdb/store");
        for (String name : environment.disk().list(store)) {
            byte[] bytes = environment.disk().contents(store.resolve(name));
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(value);
            if (at >= 0) {
                environment.disk().flipBit(store.resolve(name), at, 0);
            }
        }
    }

    @Test
    @Order(5)
    void failedSync_refusesWritesForGood_andIsToldEverywhere() {
        try (LoggedLines log = new LoggedLines("dev.kvdb.engine.Availability");
                ServerUnderTest server = ServerUnderTest.inProcess()) {
            set(server, 1, "value");
            environment.files().inject(Fault.on(FileOperation.SYNC));

            assertFails(() -> set(server, 2, "lost"), Status.Code.FAILED_PRECONDITION, "READ_ONLY");
            environment.files().heal();

            assertFails(() -> set(server, 3, "refused"), Status.Code.FAILED_PRECONDITION, "READ_ONLY");
            assertFails(
                    () -> server.keyValue()
                            .remove(RemoveRequest.newBuilder().setKey(1).build()),
                    Status.Code.FAILED_PRECONDITION,
                    "READ_ONLY");
            assertFails(
                    () -> server.admin().collectGarbage(CollectGarbageRequest.getDefaultInstance()),
                    Status.Code.FAILED_PRECONDITION,
                    "READ_ONLY");
            assertThat(get(server, 1)).isEqualTo("value");
            assertThat(HealthGrpc.newBlockingStub(server.channel())
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus())
                    .isEqualTo(ServingStatus.NOT_SERVING);
            given().get("/q/health/ready")
                    .then()
                    .statusCode(503)
                    .body("checks.data[0].state", equalTo("READ_ONLY"))
                    .body("checks.data[0].detail", containsString("sync of "))
                    .body("checks.data[0].'last-sync-error'", containsString("Input/output error"));
            given().get("/q/health/live").then().statusCode(200);
            assertThat(given().accept("text/plain").get("/q/metrics").asString())
                    .containsPattern("kvdb_state\\{state=\"read_only\",?} 1");
            StatusResponse status = server.admin().status(StatusRequest.getDefaultInstance());
            assertThat(status.getState()).isEqualTo(StoreState.STORE_STATE_READ_ONLY);
            assertThat(status.getStateDetail()).contains("sync of ");
            assertThat(log.lines).containsExactly("store /kvdb/store is read-only: " + status.getStateDetail());
        }
    }

    private static void assertFails(ThrowingCallable call, Status.Code code, String reason) {
        StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(code);
        assertThat(ServerUnderTest.errorInfo(failure).getReason()).isEqualTo(reason);
    }

    private static void set(ServerUnderTest server, long key, String value) {
        server.keyValue()
                .set(SetRequest.newBuilder()
                        .setKey(key)
                        .setValue(ByteString.copyFromUtf8(value))
                        .build());
    }

    private static String get(ServerUnderTest server, long key) {
        return server.keyValue()
                .get(GetRequest.newBuilder().setKey(key).build())
                .getEntry()
                .getValue()
                .toStringUtf8();
    }
}
