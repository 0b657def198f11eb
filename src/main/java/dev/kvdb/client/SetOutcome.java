package dev.kvdb.client;

/**
 * What a set did.
 *
 * @param version the store-wide version of this write, an unsigned 64-bit integer
 * @param replaced whether the key had a value before
 */
public record SetOutcome(long version, boolean replaced) {}
