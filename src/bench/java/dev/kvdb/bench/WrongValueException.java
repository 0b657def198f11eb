package dev.kvdb.bench;

import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A store returned something else than what was written. Ends the measurement. */
final class WrongValueException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private WrongValueException(String message) {
        super(message);
    }

    static WrongValueException read(long key, byte @Nullable [] value) {
        return new WrongValueException(
                "the store returned " + described(value) + " for key " + key + ", which is not what was written");
    }

    static WrongValueException removed(long key, byte[] value) {
        return new WrongValueException(
                "the store returned " + described(value) + " for key " + key + ", which was removed");
    }

    private static String described(byte @Nullable [] value) {
        if (value == null) {
            return "nothing";
        }
        CRC32C checksum = new CRC32C();
        checksum.update(value);
        return value.length + " bytes (CRC-32C " + Long.toHexString(checksum.getValue()) + ")";
    }
}
