package dev.kvdb.engine.error;

/** The directory or file is of another format, or uses a feature that this build does not know. Nothing was written. */
public final class UnsupportedFormatException extends StoreException {

    private static final long serialVersionUID = 1L;

    /**
     * @param file the file that was refused
     * @param expected what this build reads
     * @param found what the file says
     */
    public UnsupportedFormatException(String file, String expected, String found) {
        super(
                "cannot open " + file + ": expected " + expected + ", found " + found
                        + "; use another directory, or a newer kvdb where one wrote this",
                null);
    }
}
