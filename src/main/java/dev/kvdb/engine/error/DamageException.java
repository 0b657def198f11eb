package dev.kvdb.engine.error;

/** Stored bytes are not what was written. Never answered with a wrong, missing or older value instead. */
public final class DamageException extends StoreException {

    private static final long serialVersionUID = 1L;

    private final String file;
    private final long offset;
    private final String expected;
    private final String found;

    /**
     * @param file the damaged file, as a path
     * @param offset where in the file the damage was noticed, in bytes from its start
     * @param expected what should have been there
     * @param found what was there
     */
    public DamageException(String file, long offset, String expected, String found) {
        super("damaged data in " + file + " at offset " + offset + ": expected " + expected + ", found " + found, null);
        this.file = file;
        this.offset = offset;
        this.expected = expected;
        this.found = found;
    }

    /** The damaged file. */
    public String file() {
        return file;
    }

    /** Bytes from the start of {@link #file()}. */
    public long offset() {
        return offset;
    }

    /** What should have been there. */
    public String expected() {
        return expected;
    }

    /** What was there. */
    public String found() {
        return found;
    }
}
