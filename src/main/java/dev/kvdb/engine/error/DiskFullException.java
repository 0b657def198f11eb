package dev.kvdb.engine.error;

/**
 * The file system has no space left, or the store has used up its quota. The write was not applied. The store takes
 * writes again by itself once there is space; removes and garbage collection go on from a reserve.
 */
public final class DiskFullException extends StoreException {

    private static final long serialVersionUID = 1L;

    private final boolean quota;

    /**
     * @param directory the store's directory
     * @param detail what was tried and what the operating system said
     */
    public DiskFullException(String directory, String detail) {
        this(false, "no space left for " + directory + " (" + detail + "); free space on that disk or remove keys");
    }

    private DiskFullException(boolean quota, String message) {
        super(message, null);
        this.quota = quota;
    }

    /**
     * The store has used up its quota, whatever space the disk has.
     *
     * @param directory the store's directory
     * @param detail how much is used of how much
     */
    public static DiskFullException quotaReached(String directory, String detail) {
        return new DiskFullException(
                true,
                "no space left for " + directory + " (" + detail + "); remove keys, or raise the quota and restart");
    }

    /** Whether it is the quota that lets no more be written, and not the disk. */
    public boolean isQuotaReached() {
        return quota;
    }
}
