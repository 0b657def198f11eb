package dev.kvdb.client;

/**
 * How a client calls a server. Immutable.
 *
 * @param timeoutMillis how long a call may take in all, connecting included; at least 1
 * @param messageBytesMax largest reply accepted; at least 1
 */
public record ClientOptions(long timeoutMillis, int messageBytesMax) {

    private static final int MIB = 1024 * 1024;

    /** Ten seconds, and replies as large as the largest value that a server can be configured for. */
    public static final ClientOptions DEFAULTS = new ClientOptions(10_000, 257 * MIB);

    /** @throws IllegalArgumentException where an option is out of its range */
    public ClientOptions {
        if (timeoutMillis < 1) {
            throw new IllegalArgumentException("timeoutMillis is " + timeoutMillis + ", must be at least 1");
        }
        if (messageBytesMax < 1) {
            throw new IllegalArgumentException("messageBytesMax is " + messageBytesMax + ", must be at least 1");
        }
    }

    /** These options with another timeout. */
    public ClientOptions withTimeoutMillis(long value) {
        return new ClientOptions(value, messageBytesMax);
    }
}
