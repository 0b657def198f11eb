package dev.kvdb.testkit;

/** The kinds of file operation that {@link FailingFileSystem} counts and fails. */
public enum FileOperation {
    /** A read of a file's bytes. */
    READ,
    /** A write of a file's bytes. */
    WRITE,
    /** A cut of a file. */
    TRUNCATE,
    /** A sync of a file. */
    SYNC,
    /** A new file. */
    CREATE,
    /** An existing file opened for reading. */
    OPEN,
    /** A rename; matched by the old name. */
    RENAME,
    /** A delete. */
    DELETE,
    /** A sync of a directory; matched by the directory's name. */
    SYNC_DIRECTORY,
    /** A listing of a directory; matched by the directory's name. */
    LIST,
    /** A directory made, with its parents; matched by the directory's name. */
    MAKE_DIRECTORY
}
