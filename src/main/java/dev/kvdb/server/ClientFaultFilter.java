package dev.kvdb.server;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.handler.codec.http2.Http2Exception;
import io.quarkus.logging.LoggingFilter;
import java.util.Set;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Keeps out of the log what gRPC writes into it, with stack traces, of clients that send no HTTP/2 or no protobuf. The
 * client is told, or its connection closed; a log that any client can fill is no use to an operator. Everything else
 * that these loggers say passes, errors of the virtual machine above all.
 */
@LoggingFilter(name = "client-faults")
public final class ClientFaultFilter implements Filter {

    private static final Set<String> LOGGERS =
            Set.of("io.grpc.internal.SerializingExecutor", "io.grpc.netty.NettyServerTransport.connections");

    @Override
    public boolean isLoggable(LogRecord line) {
        return !LOGGERS.contains(String.valueOf(line.getLoggerName())) || !isClientFault(line.getThrown());
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
