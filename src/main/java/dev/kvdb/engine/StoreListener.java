package dev.kvdb.engine;

/**
 * Told of events inside a store. Calls come from the store's own threads and must return quickly, must not throw where
 * nothing else is said, and must not call the store.
 */
public interface StoreListener {

    /** Hears nothing. */
    StoreListener NONE = new StoreListener() {};

    /**
     * An open has come this far; called at most about ten times a second, from the opening thread. May throw to end the
     * open, which then fails with what was thrown and holds nothing; the next one begins anew.
     */
    default void recoveryProgressed(RecoveryProgress progress) {}

    /**
     * A group of writes was made durable.
     *
     * @param nanos how long the sync took
     * @param writes writes that shared it
     * @param bytes log bytes that it covered
     */
    default void synced(long nanos, int writes, long bytes) {}

    /** The store's state has changed; {@code detail} says why, for a person. */
    default void stateChanged(StoreState state, String detail) {}
}
