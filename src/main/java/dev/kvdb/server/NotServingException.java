package dev.kvdb.server;

/** The store is not open yet, or no longer. The call had no effect and may be tried again later or elsewhere. */
public final class NotServingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean starting;

    private NotServingException(boolean starting, String message) {
        super(message, null, false, false);
        this.starting = starting;
    }

    /** The store is being opened. */
    public static NotServingException starting() {
        return new NotServingException(true, "the store is being opened; retry later");
    }

    /** The server is stopping. */
    public static NotServingException shuttingDown() {
        return new NotServingException(false, "the server is shutting down; retry later or elsewhere");
    }

    /** Whether the store will be open soon, rather than never again in this process. */
    public boolean isStarting() {
        return starting;
    }
}
