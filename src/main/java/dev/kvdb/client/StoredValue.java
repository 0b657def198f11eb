package dev.kvdb.client;

/**
 * A value that a server holds.
 *
 * @param bytes the value
 * @param version the store-wide version of the write that set it, an unsigned 64-bit integer
 */
public record StoredValue(byte[] bytes, long version) {}
