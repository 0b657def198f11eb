package dev.kvdb.engine.error;

/**
 * The file system has no space left. The write was not applied. The store takes writes again by itself once there is
 * space; removes and garbage collection go on from a reserve.
 */
public final class DiskFullException extends StoreException {

    private static final long serialVersionUID = 1L;

    /**
     * @param directory the store's directory
     * @param detail what was tried and what the operating system said
     */
    public DiskFullException(String directory, String detail) {
        super("no space left for " + directory + " (" + detail + "); free space on that disk or remove keys", null);
    }
}
