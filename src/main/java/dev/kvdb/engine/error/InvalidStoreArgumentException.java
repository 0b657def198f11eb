package dev.kvdb.engine.error;

/** An argument or option is out of its range. Nothing was written. */
public final class InvalidStoreArgumentException extends StoreException {

    private static final long serialVersionUID = 1L;

    /** What kind of argument was refused. */
    public enum Reason {
        /** An option of the store is out of its range. */
        OPTION,
        /** A value is larger than the store accepts. */
        VALUE_TOO_LARGE,
    }

    private final Reason reason;

    private InvalidStoreArgumentException(Reason reason, String message) {
        super(message, null);
        this.reason = reason;
    }

    /** An option out of range; the message names the option, its value and the range. */
    public static InvalidStoreArgumentException option(String name, Object value, String range) {
        return new InvalidStoreArgumentException(Reason.OPTION, name + " is " + value + ", must be " + range);
    }

    /** A value of {@code bytes} bytes where at most {@code bytesMax} are accepted. */
    public static InvalidStoreArgumentException valueTooLarge(long bytes, long bytesMax) {
        return new InvalidStoreArgumentException(
                Reason.VALUE_TOO_LARGE,
                "value of " + bytes + " bytes is larger than the limit of " + bytesMax + " bytes");
    }

    /** What kind of argument was refused. */
    public Reason reason() {
        return reason;
    }
}
