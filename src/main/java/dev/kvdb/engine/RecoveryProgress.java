package dev.kvdb.engine;

/**
 * How far an open has come.
 *
 * @param phase what is being read, for a person
 * @param doneBytes bytes read so far
 * @param totalBytes bytes to read in all; an estimate, never less than {@code doneBytes}
 */
public record RecoveryProgress(String phase, long doneBytes, long totalBytes) {}
