package dev.kvdb.server;

import java.time.Duration;

/** What calls come in through. */
public interface CallTransport {

    /**
     * Takes no more calls, tells the clients so, and closes their connections when nothing is in flight on them.
     *
     * @param limit how long to wait for that
     */
    void close(Duration limit);
}
