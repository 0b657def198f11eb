package dev.kvdb.engine.error;

/**
 * The index, which holds all keys in memory, has reached its limit. Keys that are there can be read, set and removed;
 * new ones are refused until others were removed, or the store is opened with a higher limit.
 */
public final class IndexFullException extends StoreException {

    private static final long serialVersionUID = 1L;

    private static final long MIB = 1024 * 1024;

    private IndexFullException(String message) {
        super(message, null);
    }

    /**
     * A new key has no room. It was not set.
     *
     * @param directory the store's directory
     * @param keys how many keys the index holds
     * @param bytes the heap that they take, or may come to take
     * @param bytesMax what they may take
     */
    public static IndexFullException noRoomForKey(String directory, long keys, long bytes, long bytesMax) {
        return new IndexFullException("no memory left for a new key in " + directory + " (" + keys + " keys need up to "
                + bytes + " of the " + bytesMax + " bytes that the index may take); remove keys, or restart with a"
                + " higher limit and a heap that holds it");
    }

    /**
     * The store cannot be opened: its keys do not fit.
     *
     * @param directory the store's directory
     * @param need what the index needs, as far as it is known: {@code "the index of 5 keys takes 80 bytes"}
     * @param bytesMax what it may take
     */
    public static IndexFullException atOpen(String directory, String need, long bytesMax) {
        return new IndexFullException("the keys of " + directory + " do not fit into memory: " + need
                + ", and may take " + bytesMax + " (" + bytesMax / MIB + " MiB); open it with a larger heap");
    }
}
