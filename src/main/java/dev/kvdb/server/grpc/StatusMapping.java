package dev.kvdb.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.IndexFullException;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.VerificationRunningException;
import dev.kvdb.server.DistinctLog;
import dev.kvdb.server.NotServingException;
import dev.kvdb.server.config.ServerSettings;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.grpc.ExceptionHandler;
import io.quarkus.grpc.ExceptionHandlerProvider;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The one place that knows which error is which gRPC status. Quarkus passes every failure of every service through
 * here.
 *
 * <p>The table of codes and reasons is at the head of {@code key_value.proto}. Errors that an operator must see are
 * logged in one line, once each; defects of kvdb with a stack trace; what a client did or must handle is not logged.
 * Calls fail on their event loops, which do not wait for the log. Safe for use by several threads.
 */
@Singleton
class StatusMapping implements ExceptionHandlerProvider {

    /** {@code ErrorInfo.domain} of every error. */
    static final String DOMAIN = "kvdb";

    /** What an overloaded server asks clients to wait for. */
    static final int RETRY_MILLIS = 100;

    /** How long a stop waits for the last lines. */
    private static final java.time.Duration LAST_LINES_MAX = java.time.Duration.ofSeconds(1);

    /** What the transport ends a call with that was cancelled, came too late, or whose connection has gone. */
    private static final Set<Status.Code> CLIENT_GONE =
            EnumSet.of(Status.Code.CANCELLED, Status.Code.DEADLINE_EXCEEDED, Status.Code.UNAVAILABLE);

    /** What gRPC ends a call with whose request cannot be read; which of them is a matter of chance. */
    private static final Set<Status.Code> UNREADABLE = EnumSet.of(Status.Code.INTERNAL, Status.Code.UNKNOWN);

    private static final Logger LOG = Logger.getLogger(StatusMapping.class);

    /** Tells apart what shares a code. */
    private enum Reason {
        VALUE_TOO_LARGE(Code.INVALID_ARGUMENT),
        BAD_ARGUMENT(Code.INVALID_ARGUMENT),
        OVERLOADED(Code.RESOURCE_EXHAUSTED),
        DISK_FULL(Code.RESOURCE_EXHAUSTED),
        QUOTA_REACHED(Code.RESOURCE_EXHAUSTED),
        INDEX_FULL(Code.RESOURCE_EXHAUSTED),
        READ_ONLY(Code.FAILED_PRECONDITION),
        VERIFICATION_RUNNING(Code.FAILED_PRECONDITION),
        SHUTTING_DOWN(Code.UNAVAILABLE),
        STARTING(Code.UNAVAILABLE),
        DAMAGED(Code.DATA_LOSS),
        IO_FAILED(Code.INTERNAL),
        INTERNAL(Code.INTERNAL);

        private final Code code;

        Reason(Code code) {
            this.code = code;
        }
    }

    private final int valueBytesMax;
    private final LogThread logThread = new LogThread();
    private final DistinctLog distinctLog = new DistinctLog(LOG, logThread);

    StatusMapping(ServerSettings settings) {
        valueBytesMax = settings.storeOptions().valueBytesMax();
    }

    /** The lines that are to be logged still are. */
    @PreDestroy
    void stop() {
        logThread.stop(LAST_LINES_MAX);
    }

    /**
     * The status to reply with, and its details in the trailers; the failure itself is the status' cause, which stays
     * in the server.
     */
    @Override
    public Throwable transform(Throwable failure) {
        return toStatusException(failure);
    }

    StatusRuntimeException toStatusException(Throwable failure) {
        if (failure instanceof StatusRuntimeException already) {
            return already;
        }
        if (failure instanceof StatusException already) {
            return new StatusRuntimeException(already.getStatus(), already.getTrailers());
        }
        if (failure instanceof CompletionException wrapper && wrapper.getCause() != null) {
            return toStatusException(wrapper.getCause());
        }
        if (failure instanceof StoreException expected) {
            return ofStoreException(expected);
        }
        if (failure instanceof NotServingException expected) {
            return status(expected.isStarting() ? Reason.STARTING : Reason.SHUTTING_DOWN, expected, Map.of());
        }
        return ofDefect(failure);
    }

    private StatusRuntimeException ofStoreException(StoreException failure) {
        if (failure instanceof InvalidStoreArgumentException e) {
            return e.reason() == InvalidStoreArgumentException.Reason.VALUE_TOO_LARGE
                    ? status(Reason.VALUE_TOO_LARGE, e, Map.of("limit_bytes", Integer.toString(valueBytesMax)))
                    : status(Reason.BAD_ARGUMENT, e, Map.of());
        }
        if (failure instanceof OverloadedException) {
            return status(Reason.OVERLOADED, failure, Map.of());
        }
        if (failure instanceof DiskFullException e) {
            return status(e.isQuotaReached() ? Reason.QUOTA_REACHED : Reason.DISK_FULL, e, Map.of());
        }
        if (failure instanceof IndexFullException) {
            return status(Reason.INDEX_FULL, failure, Map.of());
        }
        if (failure instanceof StoreReadOnlyException) {
            return status(Reason.READ_ONLY, failure, Map.of());
        }
        if (failure instanceof VerificationRunningException) {
            return status(Reason.VERIFICATION_RUNNING, failure, Map.of());
        }
        if (failure instanceof StoreClosedException) {
            return status(Reason.SHUTTING_DOWN, failure, Map.of());
        }
        if (failure instanceof DamageException e) {
            distinctLog.error(String.valueOf(e.getMessage()));
            return status(Reason.DAMAGED, e, Map.of("file", e.file(), "offset", Long.toString(e.offset())));
        }
        if (failure instanceof StoreIoException e) {
            distinctLog.error(String.valueOf(e.getMessage()));
            return status(Reason.IO_FAILED, e, Map.of("file", e.file()));
        }
        // DirectoryLockedException and UnsupportedFormatException belong to an open, which no call waits for.
        return ofDefect(failure);
    }

    private StatusRuntimeException ofDefect(Throwable failure) {
        distinctLog.error("a call failed because of a defect of kvdb", failure);
        return status(Reason.INTERNAL, failure, Map.of(), "internal error; the server's log has more");
    }

    private static StatusRuntimeException status(Reason reason, Throwable failure, Map<String, String> metadata) {
        return status(reason, failure, metadata, String.valueOf(failure.getMessage()));
    }

    private static StatusRuntimeException status(
            Reason reason, Throwable failure, Map<String, String> metadata, String message) {
        com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder()
                .setCode(reason.code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setDomain(DOMAIN)
                        .setReason(reason.name())
                        .putAllMetadata(metadata)
                        .build()));
        if (reason == Reason.OVERLOADED) {
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(Duration.newBuilder().setNanos(RETRY_MILLIS * 1_000_000))
                    .build()));
        }
        StatusRuntimeException mapped = StatusProto.toStatusRuntimeException(status.build());
        return new StatusRuntimeException(
                mapped.getStatus().withCause(new Mapped(reason, failure)), mapped.getTrailers());
    }

    /** What the gRPC health protocol asks for. */
    static StatusRuntimeException unknownService(String name) {
        return Status.NOT_FOUND.withDescription("no service " + name).asRuntimeException();
    }

    /**
     * A short name of how a call ended, for metrics: {@code ok}, a reason of ours, {@code malformed} where gRPC could
     * not make a request of what came, be it of the frames, of the protobuf, or because there was none; or a code of
     * gRPC's.
     */
    static String outcome(Status status) {
        if (status.isOk()) {
            return "ok";
        }
        if (status.getCause() instanceof Mapped mapped) {
            return mapped.reason.name().toLowerCase(Locale.ROOT);
        }
        return UNREADABLE.contains(status.getCode()) && !isDefect(status.getCause())
                ? "malformed"
                : status.getCode().name().toLowerCase(Locale.ROOT);
    }

    /** The same for a call that the transport ended: {@code cancelled}, unless it refused the request. */
    static String outcomeOfTransport(@Nullable Status end) {
        return end == null || CLIENT_GONE.contains(end.getCode()) ? "cancelled" : outcome(end);
    }

    private static boolean isDefect(@Nullable Throwable cause) {
        return cause != null && !(cause instanceof StatusRuntimeException) && !(cause instanceof IOException);
    }

    @Override
    public <ReqT, RespT> ExceptionHandler<ReqT, RespT> createHandler(
            ServerCall.Listener<ReqT> listener, ServerCall<ReqT, RespT> call, Metadata headers) {
        return new ExceptionHandler<>(listener, call, headers) {
            @Override
            protected void handleException(Throwable failure, ServerCall<ReqT, RespT> failed, Metadata ignored) {
                close(failed, failure);
            }
        };
    }

    /** Ends the call with the failure's status. */
    void close(ServerCall<?, ?> call, Throwable failure) {
        StatusRuntimeException status = toStatusException(failure);
        @Nullable Metadata trailers = status.getTrailers();
        call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    /** Carries the reason from the mapping to the metrics. */
    private static final class Mapped extends Exception {

        private static final long serialVersionUID = 1L;

        private final Reason reason;

        Mapped(Reason reason, Throwable failure) {
            super(failure.getMessage(), failure, false, false);
            this.reason = reason;
        }
    }
}
