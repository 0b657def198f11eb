package dev.kvdb.engine;

/**
 * The outcome of a remove.
 *
 * @param version the version of this write; where nothing was removed, that of the newest write before it
 * @param removed whether the key had a value before
 */
public record RemoveResult(long version, boolean removed) {}
