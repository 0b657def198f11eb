package dev.kvdb.engine;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.recovery.VerificationReport;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A durable map from 64-bit keys to byte values.
 *
 * <p>Writes have one order, given by their versions. A stage of a write completes after the write is durable by the
 * store's {@link SyncPolicy} and visible to reads: a read that starts after it completes sees that write or a later
 * one. A write whose stage fails may or may not be found after the next open; it is never found before.
 *
 * <p>All methods are safe for use by several threads. Stages complete in the store's committer thread: whatever is
 * chained to them must be short, and must not call {@link #close} or {@link #collectGarbage}, which wait for that
 * thread. Methods and stages fail with a {@link StoreException}.
 */
public interface Store extends AutoCloseable {

    /**
     * Opens the store in {@code directory}, making a new one where there is none, with the operating system's files and
     * clock.
     */
    static Store open(Path directory, StoreOptions options) {
        return open(directory, options, Environment.system(), StoreListener.NONE);
    }

    /**
     * Opens the store in {@code directory}, making a new one where there is none. Takes as long as recovery needs.
     *
     * @throws dev.kvdb.engine.error.DirectoryLockedException where another process or store has it open
     * @throws dev.kvdb.engine.error.UnsupportedFormatException where the directory is not a store that this build can
     *     open; nothing was written
     * @throws dev.kvdb.engine.error.DamageException where the manifest, or a segment's header, is damaged or missing
     * @throws dev.kvdb.engine.error.StoreIoException where the operating system fails a file operation
     */
    static Store open(Path directory, StoreOptions options, Environment environment, StoreListener listener) {
        return LogStructuredStore.open(directory, options, environment, listener);
    }

    /** Reads a value, with at most one disk access, in the calling thread. Empty where the key has none. */
    Optional<Entry> get(long key);

    /**
     * All entries in ascending order of key, read from disk as the iterator advances. Weakly consistent: a key that is
     * present from first to last is met exactly once; one that is written meanwhile is met with some value that it had,
     * or not at all. {@code next} may throw {@link dev.kvdb.engine.error.DamageException} for one entry and go on with
     * the following one.
     */
    Iterator<Entry> entries();

    /** Tells what memory alone can tell of the key. Never waits for a disk. */
    Lookup lookup(long key);

    /**
     * Sets a key's value. Returns at once.
     *
     * @param value up to {@link StoreOptions#valueBytesMax} bytes; must not be changed afterwards
     */
    CompletionStage<SetResult> set(long key, byte[] value);

    /** Removes a key's value. Returns at once. Removing an absent key is not an error. */
    CompletionStage<RemoveResult> remove(long key);

    /**
     * Collects garbage, in a thread of its own, which no interrupt of the caller's reaches, and returns when that is
     * done. Returns a skipped report where another collection is running.
     */
    GarbageCollectionReport collectGarbage(GarbageCollectionRequest request);

    /**
     * Checks all of the open store in the calling thread: each frame, each hint, the snapshot, and each entry of the
     * index against the log. Reads, writes and garbage collection go on beside it; what they change meanwhile is no
     * finding. Changes nothing; segments in which damage is found are counted as damaged from then on.
     *
     * @throws dev.kvdb.engine.error.VerificationRunningException where another verification is running
     * @throws java.util.concurrent.CancellationException where the request says that it is cancelled
     */
    VerificationReport verify(VerificationRequest request, VerificationListener listener);

    /** A momentary view of the store's figures. Cheap enough for a metrics scrape, and waits for no disk. */
    StoreStatistics statistics();

    /**
     * Finishes the writes that were accepted, ends a running garbage collection, syncs, writes a snapshot and releases
     * all files. Closing twice is allowed.
     */
    @Override
    void close();
}
