package dev.kvdb.server;

/**
 * Which calls the server answers now, and why not all of them. Health over HTTP and over gRPC are both made of it, so
 * that they agree.
 *
 * @param state which calls are answered
 * @param detail why, for a person; empty where there is nothing to say
 */
public record ServingCondition(State state, String detail) {

    /** Which calls are answered. */
    public enum State {
        /** None yet: the store is being opened. */
        OPENING,
        /** All. */
        WRITABLE,
        /** Reads and removes, until there is disk space again. */
        DISK_FULL,
        /** Reads, until a restart, or until the directory is restored or repaired. */
        READ_ONLY,
        /** Those that are in flight; new ones are refused. */
        DRAINING,
        /** None any more. */
        CLOSED,
        /** None: the store could not be opened, and the process is about to exit. */
        FAILED,
    }

    /** Whether the server is being stopped, or will not start. */
    public boolean isEnding() {
        return state == State.DRAINING || state == State.CLOSED || state == State.FAILED;
    }

    /** Whether a load balancer should send calls here. */
    public boolean ready() {
        return state == State.WRITABLE;
    }
}
