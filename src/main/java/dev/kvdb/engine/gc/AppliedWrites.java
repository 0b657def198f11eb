package dev.kvdb.engine.gc;

import java.io.IOException;

/** What a collection needs to know of the writes beside it. Safe for use by the collecting thread. */
public interface AppliedWrites {

    /** The newest version that is in the index. */
    long lastVersion();

    /** A version that no write has yet. */
    long nextVersion();

    /** Makes all applied writes durable. */
    void sync() throws IOException;

    /** A record moved; the index points at {@code to} by now. */
    void moved(long key, long from, long to);
}
