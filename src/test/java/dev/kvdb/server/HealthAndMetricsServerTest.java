package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.StoreState;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.MutinyServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Multi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator sees: probes, figures, status and reflection. */
@QuarkusTest
class HealthAndMetricsServerTest {

    private static final Pattern DOCUMENTED = Pattern.compile("(?m)^\\| `(kvdb_[a-z_]+)` \\|");
    private static final Pattern EXPOSED = Pattern.compile("(?m)^# TYPE (kvdb_[a-z_]+) ");

    /** As in docs/operations.md. */
    private static final int OTHER_CALLS_MAX = 500;

    private static ServerUnderTest server;

    @BeforeAll
    static void connect() {
        server = ServerUnderTest.inProcess();
    }

    @AfterAll
    static void disconnect() {
        server.close();
    }

    @Test
    void openStore_isStartedLiveAndReady_withItsData() {
        given().get("/q/health/started")
                .then()
                .statusCode(200)
                .body("checks.name", hasItem("store opened"))
                .body("checks.data[0].state", equalTo("WRITABLE"))
                .body("checks.data[0]", org.hamcrest.Matchers.hasKey("recovery-millis"));
        given().get("/q/health/live").then().statusCode(200).body("checks.name", hasItem("process answers"));
        given().get("/q/health/ready")
                .then()
                .statusCode(200)
                .body("checks.name", everyItem(equalTo("storage")))
                .body("checks.data[0].state", equalTo("WRITABLE"))
                .body("checks.data[0].keys", greaterThanOrEqualTo(0))
                .body("checks.data[0].'last-sync-error'", equalTo("none"))
                .body(
                        "checks.data[0].keySet()",
                        hasItems(
                                "disk-free-bytes",
                                "log-bytes",
                                "live-bytes",
                                "dead-bytes",
                                "damaged-segments",
                                "gc-running",
                                "gc-failures"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "kvdb.v1.KeyValue", "kvdb.v1.Admin"})
    void openStore_isServingOverGrpc(String service) {
        assertThat(HealthGrpc.newBlockingStub(server.channel())
                        .check(HealthCheckRequest.newBuilder()
                                .setService(service)
                                .build())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
        assertThat(HealthGrpc.newBlockingStub(server.channel())
                        .watch(HealthCheckRequest.newBuilder()
                                .setService(service)
                                .build())
                        .next()
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void healthOfUnknownService_isNotFound() {
        StatusRuntimeException failure = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> HealthGrpc.newBlockingStub(server.channel())
                        .check(HealthCheckRequest.newBuilder()
                                .setService("no.such")
                                .build()));

        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void longRequestOfHealth_isRefused() {
        StatusRuntimeException failure = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> HealthGrpc.newBlockingStub(server.channel())
                        .check(HealthCheckRequest.newBuilder()
                                .setService("x".repeat(4 << 10))
                                .build()));

        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(ServerUnderTest.errorInfo(failure).getReason()).isEqualTo("BAD_ARGUMENT");
    }

    @Test
    void status_hasTheStoresFigures() {
        set(9_001, "a");
        StatusResponse status = server.admin().status(StatusRequest.getDefaultInstance());

        assertThat(status.getState()).isEqualTo(StoreState.STORE_STATE_WRITABLE);
        assertThat(status.getServerVersion()).isNotEmpty();
        assertThat(status.getKeys()).isPositive();
        assertThat(status.getLastVersion()).isPositive();
        assertThat(status.getLog().getSegments()).isPositive();
        assertThat(status.getDiskFreeBytes()).isPositive();
        assertThat(status.hasLastSyncError()).isFalse();
        assertThat(status.hasWriteAmplification()).isTrue();
    }

    @Test
    void openWatchesOfHealth_haveALimit_andOtherCallsGoOn() {
        int limit = OTHER_CALLS_MAX;
        try (ServerUnderTest watcher = ServerUnderTest.inProcess()) {
            List<Watch> watches =
                    Stream.generate(() -> new Watch(watcher)).limit(limit + 20).collect(Collectors.toList());
            Awaitility.await()
                    .until(() -> watches.stream().filter(Watch::isAnswered).count() == watches.size());

            assertThat(watches.stream().filter(Watch::isRefused)).hasSizeBetween(20, 40);
            StatusRuntimeException refusal = watches.stream()
                    .filter(Watch::isRefused)
                    .map(watch -> watch.refusal)
                    .findFirst()
                    .orElseThrow();
            assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("OVERLOADED");
            assertThat(server.admin().status(StatusRequest.getDefaultInstance()).getState())
                    .as("of a call that is no stream")
                    .isEqualTo(StoreState.STORE_STATE_WRITABLE);
            set(9_002, "while they watch");
        }
        Awaitility.await().until(() -> {
            try (ServerUnderTest another = ServerUnderTest.inProcess()) {
                Watch watch = new Watch(another);
                Awaitility.await().until(watch::isAnswered);
                return !watch.isRefused();
            }
        });
    }

    /** A watch of the server's health that goes on until its channel is closed. */
    private static final class Watch implements StreamObserver<HealthCheckResponse> {

        private volatile boolean answered;
        private volatile @Nullable StatusRuntimeException refusal;

        Watch(ServerUnderTest server) {
            HealthGrpc.newStub(server.channel()).watch(HealthCheckRequest.getDefaultInstance(), this);
        }

        boolean isAnswered() {
            return answered || isRefused();
        }

        boolean isRefused() {
            return refusal != null;
        }

        @Override
        public void onNext(HealthCheckResponse response) {
            answered = true;
        }

        @Override
        public void onError(Throwable failure) {
            if (Status.fromThrowable(failure).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
                refusal = (StatusRuntimeException) failure;
            }
        }

        @Override
        public void onCompleted() {}
    }

    @Test
    void reflection_listsTheServices() {
        ServerReflectionResponse response = MutinyServerReflectionGrpc.newMutinyStub(server.channel())
                .serverReflectionInfo(Multi.createFrom()
                        .item(ServerReflectionRequest.newBuilder()
                                .setListServices("*")
                                .build()))
                .collect()
                .first()
                .await()
                .atMost(Duration.ofSeconds(30));

        assertThat(response.getListServicesResponse().getServiceList())
                .extracting(ServiceResponse::getName)
                .contains("kvdb.v1.KeyValue", "kvdb.v1.Admin", "grpc.health.v1.Health");
    }

    @Test
    void operations_areCountedByKindAndOutcome() {
        set(9_003, "a");
        server.keyValue().get(GetRequest.newBuilder().setKey(9_003).build());

        String scrape = scrape();

        assertThat(scrape).containsPattern("kvdb_operations_seconds_count\\{op=\"get\",outcome=\"ok\",?} [1-9]");
        assertThat(scrape).containsPattern("kvdb_operations_seconds_count\\{op=\"set\",outcome=\"ok\",?} [1-9]");
        assertThat(scrape)
                .containsPattern("kvdb_operations_seconds_bucket\\{op=\"set\",outcome=\"ok\",le=\"0.001\",?}");
        assertThat(scrape).containsPattern("kvdb_syncs_seconds_count [1-9]");
        assertThat(scrape).containsPattern("kvdb_state\\{state=\"writable\",?} 1");
    }

    @Test
    void metrics_areThoseOfTheTable() throws IOException {
        set(9_004, "a");
        Set<String> exposed = names(EXPOSED, scrape());
        Set<String> documented = names(DOCUMENTED, Files.readString(Path.of("docs/operations.md")));

        assertThat(exposed).isEqualTo(documented);
    }

    /** Without the maxima that come with each timer and summary. */
    private static Set<String> names(Pattern pattern, String text) {
        Set<String> all =
                pattern.matcher(text).results().map(found -> found.group(1)).collect(Collectors.toSet());
        return all.stream()
                .filter(name -> !name.endsWith("_max") || !all.contains(name.substring(0, name.length() - 4)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String scrape() {
        return given().accept("text/plain")
                .get("/q/metrics")
                .then()
                .statusCode(200)
                .extract()
                .asString();
    }

    private static void set(long key, String value) {
        server.keyValue()
                .set(SetRequest.newBuilder()
                        .setKey(key)
                        .setValue(ByteString.copyFromUtf8(value))
                        .build());
    }
}
