package dev.kvdb.client;

/**
 * What a remove did.
 *
 * @param version the store-wide version of this write, or of the newest one before it where there was nothing to
 *     remove; an unsigned 64-bit integer
 * @param removed whether the key had a value before
 */
public record RemoveOutcome(long version, boolean removed) {}
