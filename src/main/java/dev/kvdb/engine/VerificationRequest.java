package dev.kvdb.engine;

import java.util.function.BooleanSupplier;

/**
 * How to verify an open store.
 *
 * @param bytesPerSecondMax how fast to read; 0 for no limit
 * @param cancelled asked often, in the verifying thread; true ends the verification
 */
public record VerificationRequest(long bytesPerSecondMax, BooleanSupplier cancelled) {

    /** All of it, as fast as it goes. */
    public static final VerificationRequest UNLIMITED = new VerificationRequest(0, () -> false);
}
