package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvdb.testkit.ServerProcess;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.SetRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * The packaged server with a small heap, and clients that do what none should, on loopback. Whatever they do, others
 * are served meanwhile; afterwards nothing of them is left in the server, and its log has no stack trace.
 */
abstract class AbusedServer {

    /** How many of each abuse; {@code kvdb.abuse} multiplies it. */
    static final int TIMES = Integer.getInteger("kvdb.abuse", 1);

    static final Duration PATIENCE = Duration.ofMinutes(2);
    /** Rather small, so that what piles up does not fit. */
    static final String JAVA_OPTIONS = "-Xmx96m";

    static final int VALUE_BYTES_MAX = 1 << 20;

    static final String CONFIGURATION = "kvdb.storage.value-size-max=" + VALUE_BYTES_MAX;

    static final String SET = "/kvdb.v1.KeyValue/Set";
    /** A client of the server itself may come or go between two counts. */
    static final int DESCRIPTORS_SLACK = 4;

    @TempDir
    static Path work;

    static ServerProcess server;
    static ServerUnderTest wellBehaved;
    private static Duration patience;

    final List<RawConnection> connections = new ArrayList<>();
    private long descriptorsBefore;
    private int outputBefore;

    @BeforeAll
    static void start() {
        abuse(ServerProcess.startWithJavaOptions(JAVA_OPTIONS, work.resolve("database"), CONFIGURATION), PATIENCE);
    }

    /** Has the tests abuse this server, and wait that long for what it should do. */
    static void abuse(ServerProcess started, Duration patience) {
        server = started.awaitReady();
        AbusedServer.patience = patience;
        wellBehaved = ServerUnderTest.atPort(server.grpcPort());
        assertServes();
    }

    @AfterAll
    static void stop() {
        wellBehaved.close();
        server.terminate();
        assertThat(server.awaitExit()).isEqualTo(143);
    }

    @BeforeEach
    void noteWhatThereIs() {
        outputBefore = server.output().length();
        descriptorsBefore = server.openDescriptors();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        closeConnections();
        assertServes();
        awaitCallsInFlight(0);
        Awaitility.await()
                .atMost(patience)
                .untilAsserted(() -> assertThat(server.openDescriptors())
                        .isLessThanOrEqualTo(descriptorsBefore + DESCRIPTORS_SLACK));
        assertThat(server.output().substring(outputBefore))
                .doesNotContain("\tat ")
                .doesNotContainPattern("OutOf\\w*Memory");
    }

    void closeConnections() throws IOException {
        for (RawConnection connection : connections) {
            connection.close();
        }
    }

    static void awaitCallsInFlight(double calls) {
        Awaitility.await()
                .atMost(patience)
                .untilAsserted(
                        () -> assertThat(server.httpBody("/q/metrics")).contains("kvdb_calls_in_flight " + calls));
    }

    static void assertServes() {
        ByteString value = ByteString.copyFromUtf8("served");
        wellBehaved
                .keyValue()
                .withDeadlineAfter(patience.toSeconds(), TimeUnit.SECONDS)
                .set(set(-1, value));
        assertThat(wellBehaved
                        .keyValue()
                        .withDeadlineAfter(patience.toSeconds(), TimeUnit.SECONDS)
                        .get(GetRequest.newBuilder().setKey(-1).build())
                        .getEntry()
                        .getValue())
                .isEqualTo(value);
    }

    static SetRequest set(long key, ByteString value) {
        return SetRequest.newBuilder().setKey(key).setValue(value).build();
    }

    RawConnection connect() throws IOException {
        RawConnection connection = new RawConnection(server.grpcPort());
        connections.add(connection);
        return connection;
    }
}
