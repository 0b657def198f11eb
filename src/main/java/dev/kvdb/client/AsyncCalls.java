package dev.kvdb.client;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetResponse;

/**
 * Calls of a kvdb server that do not wait for their replies, and the one thread in which they are made and their
 * outcomes told. A call may be told to have failed before the method that makes it returns.
 */
public interface AsyncCalls {

    /** Reads a key. */
    PendingCall get(long key, ReplyHandler<GetResponse> handler);

    /** Sets a key's value. */
    PendingCall set(long key, ByteString value, ReplyHandler<SetResponse> handler);

    /** Removes a key's value. */
    PendingCall remove(long key, ReplyHandler<RemoveResponse> handler);

    /** Has broken connections made anew by the next call, which gRPC by itself puts off for up to minutes. */
    void reconnect();

    /** Runs a task in that thread. May be called from any. */
    void execute(Runnable task);

    /** Runs a task in that thread after a delay. May be called from any. */
    void schedule(Runnable task, long delayNanos);
}
