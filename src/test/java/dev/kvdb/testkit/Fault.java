package dev.kvdb.testkit;

import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which operations to fail, and how.
 *
 * <pre>{@code Fault.on(WRITE, SYNC).named(".*\\.log").nth(3).as(Fault.Kind.NO_SPACE).forEver()}</pre>
 *
 * @param operations kinds of operation that match
 * @param names pattern that the whole file name (without its directory) must match
 * @param nth how many operations must match until the first fails, counted from 1 when the fault is injected
 * @param repeats whether all later ones that match fail too
 * @param kind what the failing ones do
 */
public record Fault(Set<FileOperation> operations, Pattern names, long nth, boolean repeats, Kind kind) {

    private static final Pattern ANY_NAME = Pattern.compile(".*");

    /** What a failing operation does. */
    public enum Kind {
        /**
         * Nothing, and throws an {@code IOException} as for a broken disk. A failed sync loses what it should have
         * saved.
         */
        IO_ERROR,
        /** Nothing, and throws a {@code NoSpaceException}. */
        NO_SPACE,
        /** Writes the first half and throws as for a broken disk; operations other than writes do nothing. */
        SHORT_WRITE,
        /** Writes the first half and throws a {@code NoSpaceException}; operations other than writes do nothing. */
        SHORT_WRITE_NO_SPACE,
        /**
         * Nothing, and throws as for a process that has no file descriptor left; a sync of a directory is not begun.
         * Operations that take no descriptor fail as by {@link #IO_ERROR}.
         */
        NO_DESCRIPTOR,
        /** Waits until the file system is healed, and then does what it should. */
        HOLD
    }

    /** Fails the first operation of these kinds, on any file, once, as for a broken disk. */
    public static Fault on(FileOperation first, FileOperation... others) {
        return new Fault(EnumSet.of(first, others), ANY_NAME, 1, false, Kind.IO_ERROR);
    }

    /** Fails the first operation of any kind, on any file, once, as for a broken disk. */
    public static Fault onAnything() {
        return new Fault(EnumSet.allOf(FileOperation.class), ANY_NAME, 1, false, Kind.IO_ERROR);
    }

    /** Only on files whose whole name matches the regular expression. */
    public Fault named(String regex) {
        return new Fault(operations, Pattern.compile(regex), nth, repeats, kind);
    }

    /** Only the n-th that matches, counted from 1. */
    public Fault nth(long n) {
        return new Fault(operations, names, n, repeats, kind);
    }

    /** Also all that match after the first that failed. */
    public Fault forEver() {
        return new Fault(operations, names, nth, true, kind);
    }

    /** Fails in this way. */
    public Fault as(Kind failure) {
        return new Fault(operations, names, nth, repeats, failure);
    }
}
