package dev.kvdb.engine;

/** When a write is acknowledged. */
public enum SyncPolicy {
    /** After it is on disk. Concurrent writers share one sync. */
    ALWAYS,
    /**
     * After the write call; the log is synced at an interval. A crash of the machine loses at most about that
     * interval's newest writes.
     */
    INTERVAL,
    /**
     * After the write call; the operating system decides when to write back. A crash of the machine keeps a prefix of
     * the writes.
     */
    OS,
}
