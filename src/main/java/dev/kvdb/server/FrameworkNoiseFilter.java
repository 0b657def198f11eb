package dev.kvdb.server;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.handler.codec.http2.Http2Exception;
import io.quarkus.logging.LoggingFilter;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Keeps stack traces out of the log that say nothing to an operator, and nothing else of what their loggers say, errors
 * of the virtual machine least of all:
 *
 * <ul>
 *   <li>what gRPC writes of clients that send no HTTP/2 or no protobuf: the client is told, or its connection closed,
 *       and any client could fill the log;
 *   <li>what Vert.x writes of an HTTP server that could not be started, where the garbage collector finds it after the
 *       threads that it would be closed on have ended: there is nothing left to close.
 * </ul>
 */
@LoggingFilter(name = "framework-noise")
public final class FrameworkNoiseFilter implements Filter {

    private static final Set<String> CLIENT_LOGGERS =
            Set.of("io.grpc.internal.SerializingExecutor", "io.grpc.netty.NettyServerTransport.connections");
    private static final String CLOSE_HOOKS_LOGGER = "io.vertx.core.impl.DeploymentManager";

    @Override
    public boolean isLoggable(LogRecord line) {
        String logger = String.valueOf(line.getLoggerName());
        Throwable thrown = line.getThrown();
        if (CLIENT_LOGGERS.contains(logger)) {
            return !isClientFault(thrown);
        }
        if (logger.equals(CLOSE_HOOKS_LOGGER) && thrown instanceof RejectedExecutionException) {
            return hasError(thrown);
        }
        return true;
    }

    private static boolean isClientFault(@Nullable Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidProtocolBufferException || cause instanceof Http2Exception) {
                return !hasError(cause);
            }
        }
        return false;
    }

    private static boolean hasError(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof Error) {
                return true;
            }
        }
        return false;
    }
}
