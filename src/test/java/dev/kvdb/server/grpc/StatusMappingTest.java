package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.atIndex;

import com.google.rpc.ErrorInfo;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.VerificationRunningException;
import dev.kvdb.server.NotServingException;
import dev.kvdb.server.ServerUnderTest;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table at the head of {@code key_value.proto}, row by row. */
class StatusMappingTest {

    private final StatusMapping mapping = new StatusMapping(new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .withSources(new PropertiesConfigSource(Map.of(), "test", 300))
            .build()
            .getConfigMapping(ServerConfiguration.class)));

    static Stream<Arguments> failures() {
        return Stream.of(
                row(
                        InvalidStoreArgumentException.valueTooLarge(20, 10),
                        Code.INVALID_ARGUMENT,
                        "VALUE_TOO_LARGE",
                        Map.of("limit_bytes", "16777216")),
                row(InvalidStoreArgumentException.option("x", 1, "2"), Code.INVALID_ARGUMENT, "BAD_ARGUMENT", Map.of()),
                row(new OverloadedException("queue", "5"), Code.RESOURCE_EXHAUSTED, "OVERLOADED", Map.of()),
                row(new DiskFullException("/d", "write"), Code.RESOURCE_EXHAUSTED, "DISK_FULL", Map.of()),
                row(
                        new VerificationRunningException("/d", 40),
                        Code.FAILED_PRECONDITION,
                        "VERIFICATION_RUNNING",
                        Map.of()),
                row(DiskFullException.quotaReached("/d", "5"), Code.RESOURCE_EXHAUSTED, "QUOTA_REACHED", Map.of()),
                row(
                        new StoreReadOnlyException("/d", StoreReadOnlyException.Reason.IO_FAILED, "sync"),
                        Code.FAILED_PRECONDITION,
                        "READ_ONLY",
                        Map.of()),
                row(new StoreClosedException("/d"), Code.UNAVAILABLE, "SHUTTING_DOWN", Map.of()),
                row(NotServingException.shuttingDown(), Code.UNAVAILABLE, "SHUTTING_DOWN", Map.of()),
                row(NotServingException.starting(), Code.UNAVAILABLE, "STARTING", Map.of()),
                row(
                        new DamageException("/d/7", 42, "a", "b"),
                        Code.DATA_LOSS,
                        "DAMAGED",
                        Map.of("file", "/d/7", "offset", "42")),
                row(
                        new StoreIoException("read", "/d/7", new IOException("Input/output error")),
                        Code.INTERNAL,
                        "IO_FAILED",
                        Map.of("file", "/d/7")),
                row(new IllegalStateException("defect"), Code.INTERNAL, "INTERNAL", Map.of()));
    }

    private static Arguments row(Throwable failure, Code code, String reason, Map<String, String> metadata) {
        return Arguments.of(failure, code, reason, metadata);
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failure_hasCodeReasonAndMetadata(Throwable failure, Code code, String reason, Map<String, String> metadata) {
        StatusRuntimeException status = mapping.toStatusException(new CompletionException(failure));

        ErrorInfo info = ServerUnderTest.errorInfo(status);
        assertThat(status.getStatus().getCode()).isEqualTo(code);
        assertThat(info.getDomain()).isEqualTo("kvdb");
        assertThat(info.getReason()).isEqualTo(reason);
        assertThat(info.getMetadataMap()).isEqualTo(metadata);
        assertThat(StatusMapping.outcome(status.getStatus())).isEqualToIgnoringCase(reason);
    }

    @Test
    void defect_tellsTheClientNothingOfItsInside() {
        StatusRuntimeException status = mapping.toStatusException(new IllegalStateException("secret"));

        assertThat(status.getStatus().getDescription()).doesNotContain("secret");
    }

    /** As where the log goes to a disk that hangs. */
    @Test
    void logHangs_statusIsThereAllTheSame_andTheLineIsLoggedLater() throws Exception {
        CountDownLatch released = new CountDownLatch(1);
        HangingLog log = new HangingLog(released);
        Logger logger = Logger.getLogger(StatusMapping.class.getName());
        logger.addHandler(log);
        try {
            StatusRuntimeException status = CompletableFuture.supplyAsync(
                            () -> mapping.toStatusException(new DamageException("/d/8", 1, "a", "b")))
                    .get(1, TimeUnit.MINUTES);
            mapping.toStatusException(new DamageException("/d/9", 2, "a", "b"));

            assertThat(ServerUnderTest.errorInfo(status).getReason()).isEqualTo("DAMAGED");
            assertThat(log.lines).isEmpty();
            released.countDown();
            Awaitility.await().until(() -> log.lines.size() == 2);
            assertThat(log.lines)
                    .hasSize(2)
                    .satisfies(first -> assertThat(first).contains("/d/8"), atIndex(0));
        } finally {
            released.countDown();
            logger.removeHandler(log);
        }
    }

    @Test
    void failureAfterTheStop_isLoggedAllTheSame() {
        HangingLog log = new HangingLog(new CountDownLatch(0));
        Logger logger = Logger.getLogger(StatusMapping.class.getName());
        logger.addHandler(log);
        try {
            mapping.stop();
            mapping.toStatusException(new DamageException("/d/8", 1, "a", "b"));

            assertThat(log.lines).hasSize(1);
        } finally {
            logger.removeHandler(log);
        }
    }

    private static final class HangingLog extends Handler {

        private final CountDownLatch released;
        private final List<String> lines = new CopyOnWriteArrayList<>();

        HangingLog(CountDownLatch released) {
            this.released = released;
        }

        @Override
        public void publish(LogRecord line) {
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
