package dev.kvdb.client;

import java.util.Map;

/** Failures of calls, for tests outside this package. */
public final class ClientFailures {

    private ClientFailures() {}

    public static ClientException refused(String reason) {
        return new ClientException(
                ClientException.Kind.REFUSED, "RESOURCE_EXHAUSTED", reason, Map.of(), "refused", null);
    }

    /** One that the server gave no reason for. */
    public static ClientException of(ClientException.Kind kind) {
        return new ClientException(kind, "UNKNOWN", null, Map.of(), "failed", null);
    }

    public static ClientException timedOut() {
        return new ClientException(
                ClientException.Kind.TIMED_OUT, "DEADLINE_EXCEEDED", null, Map.of(), "no reply", null);
    }
}
