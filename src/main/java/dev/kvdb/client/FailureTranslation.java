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

    /** How gRPC begins to describe the reply of a server that does not speak it. */
    private static final String NO_GRPC = "HTTP status code ";

    /** How gRPC begins to describe a message that is too large. */
    private static final String MESSAGE_TOO_LARGE = "gRPC message exceeds maximum size";

    private static final String VALUE_TOO_LARGE = "VALUE_TOO_LARGE";

    private FailureTranslation() {}

    /** @param sent whether the call went out on a connection */
    static ClientException translate(
            StatusRuntimeException e, ServerAddress address, long timeoutMillis, boolean sent) {
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
        // A gateway that answers 502 to 504 may have passed the call on before.
        boolean isLost = sent && status.getCode() == Status.Code.UNAVAILABLE;
        if (description(status).startsWith(NO_GRPC) && !isLost) {
            String message = "cannot reach a kvdb server at " + address
                    + ": what answers there is none, or not its gRPC " + "port (" + description(status) + ")";
            return new ClientException(ClientException.Kind.UNREACHABLE, code, null, Map.of(), message, e);
        }
        if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED
                && description(status).startsWith(MESSAGE_TOO_LARGE)) {
            // Said by the server's transport, before kvdb could.
            String message =
                    "the value is over the server's limit, kvdb.storage.value-size-max (" + description(status) + ")";
            return new ClientException(ClientException.Kind.REFUSED, code, VALUE_TOO_LARGE, Map.of(), message, e);
        }
        boolean timedOut = status.getCode() == Status.Code.DEADLINE_EXCEEDED;
        if (timedOut && sent) {
            String message = "no reply from " + address + " within " + timeoutMillis + " ms";
            return new ClientException(ClientException.Kind.TIMED_OUT, code, null, Map.of(), message, e);
        }
        if (isLost) {
            String message = "the connection to " + address + " broke before the reply: " + description(status);
            return new ClientException(ClientException.Kind.CONNECTION_LOST, code, null, Map.of(), message, e);
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
        if (text == null || text.isBlank()) {
            return "the server replied " + status.getCode();
        }
        // gRPC adds the page of a server that speaks only HTTP, and more.
        return text.strip().lines().findFirst().orElse(text);
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
