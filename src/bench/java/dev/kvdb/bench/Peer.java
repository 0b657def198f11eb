package dev.kvdb.bench;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A store under measurement: 64-bit keys, byte values. All methods but {@link #close} are safe for use by several
 * threads.
 */
interface Peer extends AutoCloseable {

    /**
     * Stores a value, not synced: a kill of the machine may lose it. May return before the write is acknowledged, but
     * lets only a bounded number of writes be on their way.
     *
     * @param value must not be changed afterwards
     * @param acknowledged called once the store says that the write is done, in any thread; must be short
     */
    void put(long key, byte[] value, Runnable acknowledged);

    /**
     * Stores a value and returns once it is on disk. Only where {@link PeerOptions#durable} says so.
     *
     * @param value must not be changed afterwards
     */
    void putDurable(long key, byte[] value);

    /** The key's value, or null where it has none. */
    byte @Nullable [] get(long key);

    /** Removes the key's value where it has one, and returns once that is acknowledged. Not synced. */
    void remove(long key);

    /** Returns once every write is acknowledged and would outlive the process. */
    void awaitWrites();

    /** Bytes of the store's files; of a sparse file, what is in use. */
    long diskBytes();

    /**
     * Bytes that the store itself says to have written to files since it was opened, where it says so and
     * {@link PeerOptions#updated} asks for it.
     */
    OptionalLong bytesWritten();

    /** What differs from the store's defaults, for a person. */
    String settings();

    @Override
    void close();
}
