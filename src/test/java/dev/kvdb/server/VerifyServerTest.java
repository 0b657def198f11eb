package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.hamcrest.Matchers.equalTo;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.MutinyAdminGrpc;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.VerifyFinding;
import dev.kvdb.v1.VerifyRequest;
import dev.kvdb.v1.VerifyResponse;
import dev.kvdb.v1.VerifyResponse.EventCase;
import dev.kvdb.v1.VerifySummary;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code Admin.Verify} from outside, and the scrub, which is the same by itself. */
@QuarkusTest
@TestProfile(SimulatedEnvironment.Profile.class)
class VerifyServerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SEGMENT_HEADER_BYTES = 128;

    @Inject
    SimulatedEnvironment environment;

    @Inject
    Scrub scrub;

    private ServerUnderTest server;

    @BeforeEach
    void write() {
        server = ServerUnderTest.inProcess();
        for (int key = 0; key < 20; key++) {
            server.keyValue()
                    .set(SetRequest.newBuilder()
                            .setKey(key)
                            .setValue(ByteString.copyFrom(new byte[8_000]))
                            .build());
        }
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static VerifyRequest request(long bytesPerSecondMax) {
        return VerifyRequest.newBuilder()
                .setBytesPerSecondMax(bytesPerSecondMax)
                .build();
    }

    private List<VerifyResponse> verify() {
        List<VerifyResponse> messages = new ArrayList<>();
        server.admin().verify(request(0)).forEachRemaining(messages::add);
        return messages;
    }

    /** A sealed segment that has the newest values. */
    private Path segment() throws Exception {
        server.admin().collectGarbage(CollectGarbageRequest.getDefaultInstance());
        return environment.disk().list(environment.disk().path("store")).stream()
                .filter(name -> name.endsWith(".log"))
                .map(name -> environment.disk().path("store/" + name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void soundStore_streamEndsWithACleanSummary() {
        List<VerifyResponse> messages = verify();

        VerifySummary summary = messages.get(messages.size() - 1).getSummary();
        assertThat(messages.get(messages.size() - 1).getEventCase()).isEqualTo(EventCase.SUMMARY);
        assertThat(messages.get(0).getEventCase()).isEqualTo(EventCase.PROGRESS);
        assertThat(summary.getFindingsTotal()).isZero();
        assertThat(summary.getLiveRecords()).isGreaterThanOrEqualTo(20);
        assertThat(summary.getBytes()).isGreaterThan(20 * 8_000);
        assertThat(messages).noneMatch(VerifyResponse::hasFinding);
    }

    @Test
    void damagedStore_findingsAreStreamedAndCountedAndScrubsTellToo() throws Exception {
        Path segment = segment();
        environment.disk().flipBit(segment, SEGMENT_HEADER_BYTES + 3_000, 2);
        try {
            AssertSubscriber<VerifyResponse> subscriber = MutinyAdminGrpc.newMutinyStub(server.channel())
                    .verify(request(0))
                    .subscribe()
                    .withSubscriber(AssertSubscriber.create(Long.MAX_VALUE));
            List<VerifyResponse> messages = subscriber.awaitCompletion(PATIENCE).getItems();

            List<VerifyFinding> findings = messages.stream()
                    .filter(VerifyResponse::hasFinding)
                    .map(VerifyResponse::getFinding)
                    .toList();
            assertThat(findings)
                    .isNotEmpty()
                    .allMatch(finding -> finding.getFile().equals(segment.toString()));
            assertThat(findings.get(0).getKind()).isIn("value", "frame");
            assertThat(messages.get(messages.size() - 1).getSummary().getFindingsTotal())
                    .isEqualTo(findings.size());
            assertThat(server.admin()
                            .status(StatusRequest.getDefaultInstance())
                            .getLog()
                            .getDamagedSegments())
                    .isPositive();

            long before = scrub.figures().findings();
            scrub.run();
            scrub.run();
            Scrub.Figures figures = scrub.figures();
            assertThat(figures.findings() - before).as("places, once each").isEqualTo(findings.size());
            assertThat(figures.lastFindings()).isEqualTo(findings.size());
            assertThat(server.admin()
                            .status(StatusRequest.getDefaultInstance())
                            .getScrub()
                            .getLastFindings())
                    .isEqualTo(findings.size());
            given().get("/q/health/ready")
                    .then()
                    .statusCode(200)
                    .body("checks.data[0].'scrub-last-findings'", equalTo(findings.size()));
            assertThat(given().accept("text/plain").get("/q/metrics").asString())
                    .containsPattern("kvdb_scrub_runs_total [1-9]")
                    .containsPattern("kvdb_scrub_checked_bytes_total [1-9]")
                    .contains("kvdb_scrub_last_findings " + findings.size() + ".0");
        } finally {
            environment.disk().flipBit(segment, SEGMENT_HEADER_BYTES + 3_000, 2);
        }
    }

    @Test
    void whileOneRuns_readsAndWritesAndCollectionsGoOn_othersAreRefused_andACancelEndsIt() {
        Context.CancellableContext context = Context.current().withCancellation();
        Context outer = context.attach();
        Iterator<VerifyResponse> slow = server.admin().verify(request(1));
        context.detach(outer);
        try {
            assertThat(slow.next().hasProgress()).isTrue();

            StatusRuntimeException refusal = catchThrowableOfType(StatusRuntimeException.class, this::verify);
            assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("VERIFICATION_RUNNING");
            assertThat(refusal).hasMessageContaining("% done");
            long skipped = scrub.figures().runs();
            scrub.run();
            assertThat(scrub.figures().runs()).isEqualTo(skipped);

            assertThat(server.keyValue()
                            .remove(RemoveRequest.newBuilder().setKey(3).build())
                            .getRemoved())
                    .isTrue();
            assertThat(server.keyValue()
                            .get(GetRequest.newBuilder().setKey(4).build())
                            .hasEntry())
                    .isTrue();
            assertThat(server.admin()
                            .collectGarbage(CollectGarbageRequest.getDefaultInstance())
                            .getSkipped())
                    .isFalse();
        } finally {
            context.cancel(null);
        }
        Awaitility.await()
                .atMost(PATIENCE)
                .ignoreException(StatusRuntimeException.class)
                .until(() -> !verify().isEmpty());
    }

    @Test
    void rateOutOfRange_isABadArgument() {
        AdminGrpc.AdminBlockingStub admin = server.admin();
        StatusRuntimeException refusal = catchThrowableOfType(
                StatusRuntimeException.class, () -> admin.verify(request(-1)).next());

        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(ServerUnderTest.errorInfo(refusal).getReason()).isEqualTo("BAD_ARGUMENT");
    }
}
