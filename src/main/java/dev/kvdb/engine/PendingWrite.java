package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Something that waits for the committer, in the one order of writes. What the committer decides on the way (version,
 * location) is kept here until the group is applied; only the committer touches it.
 */
abstract sealed class PendingWrite {

    /** Bytes that it holds while it waits. */
    long queuedBytes() {
        return 0;
    }

    abstract void fail(StoreException cause);

    /** A write of one key. */
    abstract static sealed class OfKey extends PendingWrite {

        final long key;
        long version;
        long location;
        boolean existed;

        OfKey(long key) {
            this.key = key;
        }

        abstract void acknowledge();
    }

    /** Sets a key's value. */
    static final class Set extends OfKey {

        final byte[] value;
        final CompletableFuture<SetResult> result = new CompletableFuture<>();

        Set(long key, byte[] value) {
            super(key);
            this.value = value;
        }

        @Override
        long queuedBytes() {
            return value.length;
        }

        @Override
        void acknowledge() {
            result.complete(new SetResult(version, existed));
        }

        @Override
        void fail(StoreException cause) {
            result.completeExceptionally(cause);
        }
    }

    /** Removes a key. */
    static final class Remove extends OfKey {

        final CompletableFuture<RemoveResult> result = new CompletableFuture<>();

        Remove(long key) {
            super(key);
        }

        @Override
        void acknowledge() {
            result.complete(new RemoveResult(version, existed));
        }

        @Override
        void fail(StoreException cause) {
            result.completeExceptionally(cause);
        }
    }

    /** Does something to the log between two writes. */
    static final class Control extends PendingWrite {

        /** What is to be done. */
        enum Action {
            /** Make all earlier writes durable. */
            SYNC,
            /** Seal the segment that is appended to. */
            SEAL,
            /** Write no more: a sync failed elsewhere. In order, so that no acknowledgement follows that. */
            FAIL,
        }

        final Action action;
        final CompletableFuture<Void> done = new CompletableFuture<>();

        private final @Nullable IOException cause;

        Control(Action action) {
            this.action = action;
            this.cause = null;
        }

        /** Has the committer fail. */
        Control(IOException cause) {
            this.action = Action.FAIL;
            this.cause = cause;
        }

        /** What {@link Action#FAIL} is for. */
        IOException cause() {
            return cause == null ? new IOException("asked to fail, without a cause") : cause;
        }

        @Override
        void fail(StoreException cause) {
            done.completeExceptionally(cause);
        }
    }
}
