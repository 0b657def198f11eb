package dev.kvdb.engine.error;

/** Another process, or another store in this process, has the directory open. */
public final class DirectoryLockedException extends StoreException {

    private static final long serialVersionUID = 1L;

    /**
     * @param directory the store's directory
     * @param owner what the lock file says of its owner: PID, host and start time
     */
    public DirectoryLockedException(String directory, String owner) {
        super(
                "store directory " + directory + " is in use by " + owner
                        + "; stop that process, or use another directory",
                null);
    }
}
