package dev.kvdb.engine.error;

/** Another verification of the store is running. This one has not begun. */
public final class VerificationRunningException extends StoreException {

    private static final long serialVersionUID = 1L;

    /**
     * @param directory the store's directory
     * @param donePercent how far the other one is
     */
    public VerificationRunningException(String directory, int donePercent) {
        super(
                "another verification of " + directory + " is running, " + donePercent
                        + " % done; cancel it or wait until it has ended",
                null);
    }
}
