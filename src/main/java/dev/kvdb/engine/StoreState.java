package dev.kvdb.engine;

/** Which calls a store answers. */
public enum StoreState {
    /** Reads and writes. */
    WRITABLE,
    /**
     * Reads, removes and garbage collection; sets fail until there is disk space again, then it is writable by itself.
     */
    DISK_FULL,
    /** Reads only, until it is opened anew. */
    READ_ONLY,
    /** Nothing. */
    CLOSED,
}
