package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import dev.kvdb.testkit.ClosedPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

/** Commands whose server is not there, is another one, goes away or keeps silent. */
class NoReplyTest {

    @Test
    void unreachableServer_exits3NamingTheAddressAndWhatToTry() throws IOException {
        try (ClosedPort closed = new ClosedPort()) {
            Outcome outcome = new CommandRun().run("--server", closed.address(), "get", "1");
            assertThat(outcome.exitCode()).isEqualTo(3);
            assertThat(outcome.out()).isEmpty();
            assertThat(outcome.err())
                    .contains(closed.address())
                    .contains("connection refused")
                    .contains("kvdb serve")
                    .contains("--server");
        }
    }

    @Test
    void serverThatNeverSpeaks_exits3() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Outcome outcome = new CommandRun()
                    .run("--timeout", "300ms", "--server", "127.0.0.1:" + silent.getLocalPort(), "get", "1");
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(3);
        }
    }

    @Test
    void serverThatSpeaksOnlyHttp_exits3InTwoLines() throws IOException {
        try (PlainHttp2Server other = new PlainHttp2Server(404)) {
            Outcome outcome = new CommandRun().run("--server", other.address(), "get", "1");
            assertThat(outcome.exitCode()).isEqualTo(3);
            assertThat(outcome.err())
                    .contains(other.address())
                    .contains("not its gRPC port (HTTP status code 404)")
                    .hasLineCount(2);
        }
    }

    @Test
    void gatewayThatGaveUp_exits5() throws IOException {
        try (PlainHttp2Server gateway = new PlainHttp2Server(504)) {
            Outcome outcome = new CommandRun().run("--server", gateway.address(), "set", "1", "x");
            assertThat(outcome.exitCode()).isEqualTo(5);
            assertThat(outcome.err()).contains("HTTP status code 504", "may have been applied");
        }
    }

    @Test
    void unknownHost_exits3() {
        Outcome outcome = new CommandRun().run("--server", "no-such-host.invalid:1", "get", "1");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.err()).contains("no-such-host.invalid:1");
    }

    @Test
    void serverThatDoesNotReply_exits5() throws IOException {
        try (FakeServer server = new FakeServer()) {
            // The first call of a process takes long.
            new CommandRun().run("--server", server.address(), "get", "1");
            Outcome outcome = new CommandRun()
                    .run("--server", server.address(), "--timeout", "3s", "get", Long.toString(FakeServer.SILENT_KEY));
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(5);
            assertThat(outcome.err())
                    .contains("within 3000 ms")
                    .contains("may have been applied")
                    .contains("--timeout");
        }
    }

    @Test
    void connectionThatBreaksBeforeTheReply_exits5AndSaysThatAWriteMayHaveBeenApplied() throws IOException {
        try (BreakingServer server = new BreakingServer()) {
            Outcome outcome = new CommandRun().run("--server", server.address(), "set", "1", "x");
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(5);
            assertThat(outcome.err())
                    .startsWith("kvdb: the connection to " + server.address() + " broke before the reply: ")
                    .contains("may have been applied")
                    .hasLineCount(2);
        }
    }
}
