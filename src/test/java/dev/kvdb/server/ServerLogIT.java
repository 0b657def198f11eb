package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ServerProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What strangers send does not fill the log, be it the console or a file. */
class ServerLogIT {

    private static final byte[] TLS_HELLO = {22, 3, 1, 0, 5, 1, 0, 0, 1, 3};

    @TempDir
    private Path directory;

    @Test
    void whatIsNoGrpc_isCutOff_andNotLogged() throws IOException {
        Path file = directory.resolve("kvdb.log");
        try (ServerProcess server = ServerProcess.start(
                        directory.resolve("database"), "quarkus.log.file.enabled=true", "quarkus.log.file.path=" + file)
                .awaitReady()) {
            send(server, "GET /metrics HTTP/1.1\r\nHost: kvdb\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            send(server, TLS_HELLO);
            send(server, new byte[100]);

            server.terminate();
            server.awaitExit();

            assertThat(List.of(server.output(), Files.readString(file)))
                    .allSatisfy(log -> assertThat(log)
                            .contains("closed the store")
                            .doesNotContain("\tat ", "Transport failed", "Exception"));
        }
    }

    /** Sends and waits until the server has closed the connection. */
    private static void send(ServerProcess server, byte[] bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.grpcPort())) {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            while (socket.getInputStream().read() >= 0) {
                // The server's settings and its goodbye.
            }
        } catch (SocketException e) {
            // Closed with a reset, which is as good.
        }
    }
}
