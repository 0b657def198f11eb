package dev.kvdb.engine;

/**
 * The outcome of a set.
 *
 * @param version the version of this write
 * @param replaced whether the key had a value before
 */
public record SetResult(long version, boolean replaced) {}
