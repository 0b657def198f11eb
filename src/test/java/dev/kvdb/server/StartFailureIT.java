package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ServerProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server that cannot serve says why in a line and exits with 1. */
class StartFailureIT {

    @TempDir
    private Path directory;

    @Test
    void grpcPortTaken_isNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerProcess server =
                        ServerProcess.start(directory, "quarkus.grpc.server.port=" + taken.getLocalPort())) {
            assertFails(
                    server,
                    "kvdb: cannot serve gRPC on 127.0.0.1:" + taken.getLocalPort()
                            + ": Address already in use; stop what uses it, or set quarkus.grpc.server.host");
        }
    }

    @Test
    void httpPortTaken_isNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerProcess server = ServerProcess.start(directory, "quarkus.http.port=" + taken.getLocalPort())) {
            assertFails(
                    server,
                    "kvdb: cannot serve HTTP on 127.0.0.1:" + taken.getLocalPort() + ": Address already in use; ",
                    "quarkus.http.port");
            assertThat(server.output()).doesNotContain("serving");
        }
    }

    @Test
    void directoryInUse_namesItsOwner() {
        try (ServerProcess owner = ServerProcess.start(directory).awaitReady();
                ServerProcess server = ServerProcess.start(directory)) {
            assertFails(server, "is in use by");
            assertThat(owner.httpStatus("/q/health/ready")).isEqualTo(200);
        }
    }

    @Test
    void directoryThatCannotBeMade_isNamed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        try (ServerProcess server = ServerProcess.start(file.resolve("store"))) {
            assertFails(server, file.toString());
        }
    }

    @Test
    void otherFormat_isRefusedAndLeftAlone() throws IOException {
        Path manifest = Files.writeString(directory.resolve("MANIFEST"), "of something else");
        try (ServerProcess server = ServerProcess.start(directory)) {
            assertFails(server, manifest.toString());
        }
        assertThat(manifest).hasContent("of something else");
    }

    @Test
    void valueOutOfRange_namesKeyValueAndRange() {
        try (ServerProcess server = ServerProcess.start(directory, "kvdb.read-threads=0")) {
            assertFails(server, "kvdb.read-threads is 0, must be from 1 to 1024");
        }
    }

    @Test
    void valuesOfOtherTypes_areALineEachWithKeyAndValue() {
        try (ServerProcess server = ServerProcess.start(
                directory,
                "kvdb.cache.size=much",
                "kvdb.read-threads=many",
                "kvdb.gc.period=banana",
                "kvdb.gc.dead-share-min=half",
                "kvdb.storage.sync-policy=never",
                "kvdb.no-such-key=1")) {
            assertFails(server, "kvdb: kvdb.cache.size is 'much', must be a size, for example 4096, 512K or 64M");
            assertThat(server.output().lines())
                    .containsExactlyInAnyOrder(
                            "kvdb: kvdb.cache.size is 'much', must be a size, for example 4096, 512K or 64M",
                            "kvdb: kvdb.read-threads is 'many', must be a whole number",
                            "kvdb: kvdb.gc.period is 'banana', must be a duration, for example 500ms, 5s or 2m",
                            "kvdb: kvdb.gc.dead-share-min is 'half', must be a number",
                            "kvdb: kvdb.storage.sync-policy is 'never', must be one of always, interval, os",
                            "kvdb: kvdb.no-such-key is not a key of the configuration; docs/operations.md lists them");
        }
    }

    @Test
    void periodThatIsTooShort_isSaidToBeOnce() {
        try (ServerProcess server = ServerProcess.start(directory, "kvdb.gc.period=0s")) {
            assertFails(server, "kvdb: kvdb.gc.period is 0s, must be from 1s to 86400s");
            assertThat(server.output().lines()).hasSize(1);
        }
    }

    @Test
    void emptyValue_isNamed() {
        try (ServerProcess server = ServerProcess.start(directory, "kvdb.gc.period=")) {
            assertFails(server, "kvdb: kvdb.gc.period is empty");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "quarkus.http.host=no-such-host.invalid, cannot serve HTTP on no-such-host.invalid:",
        "quarkus.http.host=192.0.2.1, cannot serve HTTP on 192.0.2.1:",
        "quarkus.http.port=99999, cannot serve HTTP on 127.0.0.1:99999: ",
        "quarkus.http.port=web, 'quarkus.http.port is ''web'', must be a whole number'",
        "quarkus.grpc.server.host=192.0.2.1, 'Cannot assign requested address; set quarkus.grpc.server.host'",
        "quarkus.grpc.server.host=no-such-host.invalid, ': unknown host; set quarkus.grpc.server.host and'",
        "quarkus.grpc.server.port=99999, cannot serve gRPC on 127.0.0.1:99999: ",
    })
    void addressThatCannotBeUsed_isNamed(String property, String line) {
        try (ServerProcess server = ServerProcess.start(directory, property)) {
            assertFails(server, "kvdb: ", line);
        }
    }

    private static void assertFails(ServerProcess server, String... texts) {
        assertThat(server.awaitExit()).isEqualTo(1);
        assertThat(server.output())
                .contains(texts)
                .doesNotContain("\tat ", "java.lang.", "io.qua", "SRCFG", "Configuration validation failed", "kill -9");
    }
}
