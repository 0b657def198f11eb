package dev.kvdb.engine;

/**
 * A key's value and the version of the write that set it.
 *
 * @param key the key
 * @param version the store-wide version of the write
 * @param value the value; shared with the cache, so it must not be changed
 */
public record Entry(long key, long version, byte[] value) {}
