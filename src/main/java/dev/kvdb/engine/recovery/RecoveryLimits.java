package dev.kvdb.engine.recovery;

/**
 * What an open may take.
 *
 * @param openFiles files to hold open for reads
 * @param indexBytes heap for the index; 0 for no limit
 */
public record RecoveryLimits(int openFiles, long indexBytes) {}
