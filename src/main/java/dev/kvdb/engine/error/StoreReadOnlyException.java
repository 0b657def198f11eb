package dev.kvdb.engine.error;

/** The store answers reads only. The write was not acknowledged. */
public final class StoreReadOnlyException extends StoreException {

    private static final long serialVersionUID = 1L;

    /** Why a store answers reads only. */
    public enum Reason {
        /** A sync or a write failed; what reached the disk is unknown until a restart. */
        IO_FAILED,
        /** Damage hides which keys it hit; a repair must accept the loss first. */
        DAMAGED,
    }

    private final Reason reason;

    /**
     * @param directory the store's directory
     * @param reason why it answers reads only
     * @param detail the first failure, for a person
     */
    public StoreReadOnlyException(String directory, Reason reason, String detail) {
        super(
                "store " + directory + " is read-only: " + detail
                        + (reason == Reason.IO_FAILED
                                ? "; check the disk, then restart"
                                : "; stop the server, then restore the directory from a backup or run 'kvdb repair'"),
                null);
        this.reason = reason;
    }

    /** Why the store answers reads only. */
    public Reason reason() {
        return reason;
    }
}
