package dev.kvdb.server;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import io.quarkus.scheduler.Scheduler;
import io.quarkus.scheduler.SkippedExecution;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Garbage is collected when asked for, by the schedule, and all figures say so. */
@QuarkusTest
@TestProfile(GarbageCollectionServerTest.EachSecond.class)
class GarbageCollectionServerTest {

    private static final String JOB = "garbage-collection";
    private static final int OVERWRITES = 300;

    /** The schedule is quick, and is paused where it would be in the way. */
    public static class EachSecond extends SimulatedEnvironment.Profile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> keys = new HashMap<>(super.getConfigOverrides());
            keys.put("kvdb.gc.period", "1s");
            return keys;
        }
    }

    /** Counts the runs that the schedule left out because the one before had not ended. */
    @Singleton
    static class RunsLeftOut {

        private final AtomicInteger count = new AtomicInteger();

        void leftOut(@Observes SkippedExecution run) {
            if (run.triggerId.equals(JOB)) {
                count.incrementAndGet();
            }
        }
    }

    @Inject
    SimulatedEnvironment environment;

    @Inject
    RunsLeftOut leftOut;

    @Inject
    Scheduler scheduler;

    private ServerUnderTest server;

    @BeforeEach
    void pause() {
        server = ServerUnderTest.inProcess();
        scheduler.pause(JOB);
        Awaitility.await().until(() -> !status().getGarbageCollection().getRunning());
    }

    @AfterEach
    void heal() {
        environment.files().heal();
        server.close();
    }

    @Test
    void dryRun_changesNothing_andTheCollectionDoesWhatItSaid() {
        makeGarbage();
        awaitMarkAtTheLogsEnd();
        StatusResponse before = status();
        CollectGarbageResponse said = collect(true);
        StatusResponse unchanged = status();

        assertThat(said.getSegmentsCollected()).isPositive();
        assertThat(said.getBytesReclaimed()).isPositive();
        assertThat(unchanged.getLog()).isEqualTo(before.getLog());
        assertThat(unchanged.getGarbageCollection()).isEqualTo(before.getGarbageCollection());

        CollectGarbageResponse done = collect(false);

        assertThat(done.getSkipped()).isFalse();
        assertThat(done.getSegmentsCollected()).isEqualTo(said.getSegmentsCollected());
        StatusResponse after = status();
        assertThat(after.getLog().getBytes()).isLessThan(before.getLog().getBytes());
        assertThat(after.getGarbageCollection().getRuns())
                .isEqualTo(before.getGarbageCollection().getRuns() + 1);
        assertThat(after.getGarbageCollection().getBytesReclaimed()
                        - before.getGarbageCollection().getBytesReclaimed())
                .isEqualTo(done.getBytesReclaimed())
                .isPositive();
        assertThat(after.getGarbageCollection().getBytesCopied()
                        - before.getGarbageCollection().getBytesCopied())
                .isEqualTo(done.getBytesCopied());
        assertThat(value(2)).isEqualTo(OVERWRITES - 1);
    }

    /** It comes once, 100 ms after the last write: nothing has been written for a while, several times that. */
    private void awaitMarkAtTheLogsEnd() {
        AtomicLong last = new AtomicLong();
        Awaitility.await().during(Duration.ofMillis(500)).until(() -> {
            long bytes = status().getLog().getBytes();
            return last.getAndSet(bytes) == bytes;
        });
    }

    @Test
    void schedule_collectsWithoutBeingAsked() {
        makeGarbage();
        StatusResponse before = status();

        scheduler.resume(JOB);

        Awaitility.await()
                .until(() -> status().getGarbageCollection().getRuns()
                        > before.getGarbageCollection().getRuns());
        Awaitility.await()
                .until(() -> status().getLog().getBytes() < before.getLog().getBytes());
        assertThat(value(2)).isEqualTo(OVERWRITES - 1);
    }

    @Test
    void runningCollection_isShownByStatusHealthAndMetrics_andNoOtherBeginsBesideIt() {
        makeGarbage();
        environment
                .files()
                .inject(Fault.on(FileOperation.READ, FileOperation.CREATE)
                        .named(".*\\.log")
                        .as(Fault.Kind.HOLD)
                        .forEver());
        scheduler.resume(JOB);

        Awaitility.await().until(() -> status().getGarbageCollection().getRunning());
        assertThat(given().get("/q/health/ready").asString()).containsPattern("\"gc-running\": *true");
        Awaitility.await()
                .until(() -> given().accept("text/plain")
                        .get("/q/metrics")
                        .asString()
                        .contains("kvdb_gc_running 1.0"));
        int before = leftOut.count.get();
        Awaitility.await().until(() -> leftOut.count.get() > before);
    }

    private void makeGarbage() {
        for (int i = 0; i < OVERWRITES; i++) {
            byte[] value = new byte[1_000];
            value[0] = (byte) i;
            value[1] = (byte) (i >> 8);
            server.keyValue()
                    .set(SetRequest.newBuilder()
                            .setKey(i % 3)
                            .setValue(ByteString.copyFrom(value))
                            .build());
        }
    }

    private int value(long key) {
        ByteString value = server.keyValue()
                .get(GetRequest.newBuilder().setKey(key).build())
                .getEntry()
                .getValue();
        return (value.byteAt(0) & 0xff) | (value.byteAt(1) & 0xff) << 8;
    }

    private CollectGarbageResponse collect(boolean dryRun) {
        return server.admin()
                .collectGarbage(
                        CollectGarbageRequest.newBuilder().setDryRun(dryRun).build());
    }

    private StatusResponse status() {
        return server.admin().status(StatusRequest.getDefaultInstance());
    }
}
