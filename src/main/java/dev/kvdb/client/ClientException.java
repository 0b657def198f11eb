package dev.kvdb.client;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A call to a server failed. The message is one line, meant to be shown to a person. */
public final class ClientException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What kind of failure it was: what a caller can decide by. */
    public enum Kind {
        /** There is no connection to a server. Nothing was written. */
        UNREACHABLE,
        /** The connection broke before the reply. A write may or may not have been applied. */
        CONNECTION_LOST,
        /** The server did not reply in time. A write may or may not have been applied. */
        TIMED_OUT,
        /**
         * The server replied that it will not carry out the call, now or ever; {@link #reason()} tells which. Nothing
         * was written.
         */
        REFUSED,
        /** The server replied that it failed, for example because stored data is damaged. */
        FAILED,
    }

    private final Kind kind;
    private final String code;
    private final @Nullable String reason;
    // Not Serializable by declaration, but Map.copyOf gives one that is.
    private final transient Map<String, String> metadata;

    ClientException(
            Kind kind,
            String code,
            @Nullable String reason,
            Map<String, String> metadata,
            String message,
            @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
        this.reason = reason;
        this.metadata = Map.copyOf(metadata);
    }

    /** What kind of failure it was. */
    public Kind kind() {
        return kind;
    }

    /** The name of the gRPC status code, for example {@code UNAVAILABLE}. */
    public String code() {
        return code;
    }

    /** The reason in the server's {@code google.rpc.ErrorInfo}, for example {@code VALUE_TOO_LARGE}. */
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /** The metadata in the server's {@code google.rpc.ErrorInfo}, for example {@code limit_bytes}. */
    public Map<String, String> metadata() {
        return metadata;
    }
}
