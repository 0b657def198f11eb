package dev.kvdb.engine.format;

import dev.kvdb.engine.error.UnsupportedFormatException;

/**
 * Feature bits of the manifest and of segment headers. A build may ignore a compatible feature that it does not know;
 * an incompatible one makes it refuse the store before any write.
 *
 * <p>Reserved incompatible bits: 0 references to blob files, 1 expiry, 2 compression, 3 atomic batches, 4 external
 * order. None is built yet.
 */
final class Features {

    /** The incompatible features that this build knows. */
    private static final long KNOWN_INCOMPATIBLE = 0;

    private Features() {}

    static void check(String file, int formatVersion, int formatVersionKnown, long incompatible) {
        if (formatVersion != formatVersionKnown) {
            throw new UnsupportedFormatException(
                    file, "format version " + formatVersionKnown, "format version " + formatVersion);
        }
        long unknown = incompatible & ~KNOWN_INCOMPATIBLE;
        if (unknown != 0) {
            throw new UnsupportedFormatException(
                    file, "no unknown incompatible features", "feature bits 0x" + Long.toHexString(unknown));
        }
    }
}
