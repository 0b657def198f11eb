package dev.kvdb.engine.error;

/** The store is closed or closing. The call had no effect. */
public final class StoreClosedException extends StoreException {

    private static final long serialVersionUID = 1L;

    /** @param directory the store's directory */
    public StoreClosedException(String directory) {
        super("store " + directory + " is closed", null);
    }
}
