package dev.kvdb.client;

/**
 * Takes the one outcome of a call, in the thread of the client's event loop. It must not block, nor throw.
 *
 * @param <T> the reply
 */
public interface ReplyHandler<T> {

    /** The server has carried out the call. */
    void replied(T reply);

    /** The call failed. */
    void failed(ClientException failure);
}
