package dev.kvdb.engine.error;

/** The operating system failed a file operation. */
public final class StoreIoException extends StoreException {

    private static final long serialVersionUID = 1L;

    private final String file;

    /**
     * @param operation what was tried, for example {@code "read 4096 bytes at 128 of"}
     * @param file the file or directory
     * @param cause what the operating system said
     */
    public StoreIoException(String operation, String file, Throwable cause) {
        super("cannot " + operation + " " + file + ": " + SystemReason.beside(file, cause), cause);
        this.file = file;
    }

    /** The file or directory. */
    public String file() {
        return file;
    }
}
