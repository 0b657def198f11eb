package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.concurrent.RejectedExecutionException;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class FrameworkNoiseFilterTest {

    private static final String CALLS = "io.grpc.internal.SerializingExecutor";
    private static final String CONNECTIONS = "io.grpc.netty.NettyServerTransport.connections";
    private static final String CLOSE_HOOKS = "io.vertx.core.impl.DeploymentManager";

    @Test
    void rubbishOfClients_isLeftOut() {
        assertThat(passes(
                        CALLS,
                        Status.INTERNAL
                                .withCause(new InvalidProtocolBufferException("bad"))
                                .asRuntimeException()))
                .isFalse();
        assertThat(passes(CONNECTIONS, new Http2Exception(Http2Error.PROTOCOL_ERROR, "bad")))
                .isFalse();
    }

    @Test
    void closeOfWhatIsClosed_isLeftOut() {
        assertThat(passes(CLOSE_HOOKS, new RejectedExecutionException("event executor terminated")))
                .isFalse();
    }

    @Test
    void everythingElse_passes() {
        assertThat(passes(CALLS, new IllegalStateException("a defect"))).isTrue();
        assertThat(passes(CALLS, null)).isTrue();
        assertThat(passes(CONNECTIONS, new OutOfMemoryError("direct"))).isTrue();
        assertThat(passes(
                        CONNECTIONS,
                        new Http2Exception(Http2Error.INTERNAL_ERROR, "failed", new OutOfMemoryError("direct"))))
                .isTrue();
        assertThat(passes(CLOSE_HOOKS, new IllegalStateException("cannot be closed")))
                .isTrue();
        assertThat(passes(CLOSE_HOOKS, new RejectedExecutionException("failed", new OutOfMemoryError("direct"))))
                .isTrue();
        assertThat(passes(CALLS, new RejectedExecutionException("terminated"))).isTrue();
        assertThat(passes("dev.kvdb.server", new Http2Exception(Http2Error.PROTOCOL_ERROR, "bad")))
                .isTrue();
    }

    private static boolean passes(String logger, Throwable thrown) {
        LogRecord line = new LogRecord(Level.SEVERE, "failed");
        line.setLoggerName(logger);
        line.setThrown(thrown);
        return new FrameworkNoiseFilter().isLoggable(line);
    }
}
