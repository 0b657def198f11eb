package dev.kvdb.engine.format;

import org.jspecify.annotations.Nullable;

/**
 * One entry of a bare log.
 *
 * @param key the key
 * @param value the value that is set, or null where the entry removes the key
 */
public record BareLogEntry(long key, byte @Nullable [] value) {}
