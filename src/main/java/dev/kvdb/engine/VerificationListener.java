package dev.kvdb.engine;

import dev.kvdb.engine.recovery.Finding;

/** Told how far a verification has come. Called often, in the verifying thread; must be cheap. */
@FunctionalInterface
public interface VerificationListener {

    /** Does not care. */
    VerificationListener NONE = (doneBytes, totalBytes) -> {};

    /**
     * @param doneBytes bytes checked so far
     * @param totalBytes bytes to check in all; an estimate, never less than {@code doneBytes}
     */
    void progressed(long doneBytes, long totalBytes);

    /** Something is wrong; told for the first thousand, where an open store is verified. */
    default void found(Finding finding) {}
}
