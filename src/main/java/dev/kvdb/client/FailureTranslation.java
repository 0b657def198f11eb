package dev.kvdb.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells from a gRPC status, its details and its causes what a failed call means to the caller. Stateless. */
final class FailureTranslation {

    private FailureTranslation() {}

    /** @param connected whether there was a connection when the call failed */
    static ClientException translate(
            StatusRuntimeException e, ServerAddress address, long timeoutMillis, boolean connected) {
        Status status = e.getStatus();
        String code = status.getCode().name();
        ErrorInfo info = errorInfo(e);
        if (info != null) {
            return new ClientException(
                    isRefusal(status.getCode()) ? ClientException.Kind.REFUSED : ClientException.Kind.FAILED,
                    code,
                    info.getReason(),
                    info.getMetadataMap(),
                    description(status),
                    e);
        }
        boolean timedOut = status.getCode() == Status.Code.DEADLINE_EXCEEDED;
        if (timedOut && connected) {
            String message = "no reply from " + address + " within " + timeoutMillis + " ms";
            return new ClientException(ClientException.Kind.TIMED_OUT, code, null, Map.of(), message, e);
        }
        if (timedOut || status.getCode() == Status.Code.UNAVAILABLE) {
            String why = timedOut ? "no connection within " + timeoutMillis + " ms" : unreachable(status);
            String message = "cannot reach a kvdb server at " + address + ": " + why;
            return new ClientException(ClientException.Kind.UNREACHABLE, code, null, Map.of(), message, e);
        }
        ClientException.Kind kind =
                isRefusal(status.getCode()) ? ClientException.Kind.REFUSED : ClientException.Kind.FAILED;
        return new ClientException(kind, code, null, Map.of(), description(status), e);
    }

    private static boolean isRefusal(Status.Code code) {
        return switch (code) {
            case INVALID_ARGUMENT,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    UNAVAILABLE,
                    UNIMPLEMENTED,
                    UNAUTHENTICATED,
                    PERMISSION_DENIED -> true;
            default -> false;
        };
    }

    private static String description(Status status) {
        String text = status.getDescription();
        return text == null || text.isBlank() ? "the server replied " + status.getCode() : text;
    }

    private static String unreachable(Status status) {
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return "unknown host";
            }
            if (cause instanceof ConnectException && cause.getCause() == null) {
                return "connection refused".equalsIgnoreCase(cause.getMessage())
                        ? "connection refused"
                        : String.valueOf(cause.getMessage());
            }
        }
        return description(status);
    }

    private static @Nullable ErrorInfo errorInfo(StatusRuntimeException e) {
        com.google.rpc.Status details = StatusProto.fromThrowable(e);
        if (details == null) {
            return null;
        }
        for (Any detail : details.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class);
                } catch (InvalidProtocolBufferException malformed) {
                    return null;
                }
            }
        }
        return null;
    }
}
