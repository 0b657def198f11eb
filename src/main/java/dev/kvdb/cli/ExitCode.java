package dev.kvdb.cli;

/**
 * What the program's exit code says. Documented in {@code kvdb --help} and {@code docs/cli.md}; a released code keeps
 * its meaning.
 */
final class ExitCode {

    static final int OK = 0;
    /**
     * The key has no value, or a file or a directory could not be used; or a verification found damage, or a repair
     * lost something or would; or a bench read what cannot be.
     */
    static final int FAILED = 1;
    /** The command line is wrong. */
    static final int USAGE = 2;
    /** There is no connection to a server. */
    static final int UNREACHABLE = 3;
    /** The server replied that it refuses the call, or failed it. */
    static final int SERVER_FAILED = 4;
    /** The server did not reply in time, or the connection to it broke. */
    static final int NO_REPLY = 5;
    /** A defect of kvdb. */
    static final int INTERNAL = 70;
    /** The reader of the standard output went away; as a shell shows a program that SIGPIPE ended. */
    static final int BROKEN_PIPE = 141;

    private ExitCode() {}
}
