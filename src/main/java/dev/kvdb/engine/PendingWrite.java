package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Something that waits for the committer, in the one order of writes, and the answer to it. What the committer decides
 * on the way (version, location) is kept here until the group is applied; only the committer touches it.
 */
abstract sealed class PendingWrite<R> extends Answer<R> {

    /** The one before or behind it in the {@link WriteQueue}, which alone touches this. */
    @Nullable
    PendingWrite<?> neighbour;

    /** Bytes that it holds while it waits. */
    long queuedBytes() {
        return 0;
    }

    final void fail(StoreException cause) {
        letGo();
        refuse(cause);
    }

    /** Drops what only the committer needed: whoever keeps an answer must not keep more than that. */
    void letGo() {}

    /** A write of one key. */
    abstract static sealed class OfKey<R> extends PendingWrite<R> {

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
    static final class Set extends OfKey<SetResult> {

        private static final byte[] LET_GO = {};

        /** What to set, until it is answered. */
        byte[] value;

        Set(long key, byte[] value) {
            super(key);
            this.value = value;
        }

        @Override
        long queuedBytes() {
            return value.length;
        }

        @Override
        void letGo() {
            value = LET_GO;
        }

        @Override
        void acknowledge() {
            answer(new SetResult(version, existed));
        }
    }

    /** Removes a key. */
    static final class Remove extends OfKey<RemoveResult> {

        Remove(long key) {
            super(key);
        }

        @Override
        void acknowledge() {
            answer(new RemoveResult(version, existed));
        }
    }

    /** Does something to the log between two writes. */
    static final class Control extends PendingWrite<@Nullable Void> {

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

        void done() {
            answer(null);
        }
    }
}
