package dev.kvdb.client;

/** A call whose outcome its {@link ReplyHandler} has not been told yet. For use in the client's event loop. */
public interface PendingCall {

    /** Gives the call up; its handler is told that it timed out, unless it was told something else before. */
    void timeOut();
}
