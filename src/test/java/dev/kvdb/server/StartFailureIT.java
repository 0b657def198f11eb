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

/** A server that cannot serve says why in a line and exits with 1. */
class StartFailureIT {

    @TempDir
    private Path directory;

    @Test
    void grpcPortTaken_isNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerProcess server = ServerProcess.start(taken.getLocalPort(), ServerProcess.freePort(), directory)) {
            assertFails(server, "cannot serve gRPC on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void httpPortTaken_isNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerProcess server = ServerProcess.start(ServerProcess.freePort(), taken.getLocalPort(), directory)) {
            assertFails(server, "Port " + taken.getLocalPort());
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
    void valueOfOtherType_namesTheKey() {
        try (ServerProcess server = ServerProcess.start(directory, "kvdb.cache.size=much")) {
            assertFails(server, "kvdb.cache.size");
        }
    }

    private static void assertFails(ServerProcess server, String line) {
        assertThat(server.awaitExit()).isEqualTo(1);
        assertThat(server.output()).contains(line).doesNotContain("\tat ");
    }
}
