package dev.kvdb.bench;

/** A measurement could not be made, or a store returned something else than what was written. Ends the run. */
final class MeasurementFailedException extends Exception {

    private static final long serialVersionUID = 1L;

    MeasurementFailedException(String message) {
        super(message);
    }
}
