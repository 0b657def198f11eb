package dev.kvdb.engine.recovery;

/** Told how far an open has come. Called often; must be cheap. */
@FunctionalInterface
public interface RecoveryListener {

    /**
     * @param phase what is being read, for a person
     * @param doneBytes bytes read so far
     * @param totalBytes bytes to read in all, an estimate
     */
    void progressed(String phase, long doneBytes, long totalBytes);
}
