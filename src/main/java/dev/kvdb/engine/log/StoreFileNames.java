package dev.kvdb.engine.log;

import java.util.OptionalInt;

/**
 * The names of all files in a store's directory. No other class builds or parses one.
 *
 * <pre>
 *  LOCK              held by the process that has the store open
 *  MANIFEST          the segments that make up the store
 *  SNAPSHOT          the index, a cache of the log
 *  CLOCK             a time that the store's clock has not passed
 *  RESERVE           space to give up when the disk is full
 *  0000000001.log    a segment
 *  0000000001.hint   the records of a sealed segment, a cache of it
 *  0000000001.torn   what a crash left behind the end of a segment, kept for a person to look at
 *  0000000001.damaged what a repair took out of a segment, kept for a person to look at
 *  MANIFEST.damaged  a manifest that a repair replaced, kept likewise
 *  *.tmp             not finished; removed at open
 * </pre>
 */
public final class StoreFileNames {

    /** The lock file. */
    public static final String LOCK = "LOCK";

    /** The manifest. */
    public static final String MANIFEST = "MANIFEST";

    /** The index snapshot. */
    public static final String SNAPSHOT = "SNAPSHOT";

    /** The disk reserve. */
    public static final String RESERVE = "RESERVE";

    /** A damaged manifest that was replaced. */
    public static final String MANIFEST_DAMAGED = "MANIFEST.damaged";

    /** The floor of the store's clock. */
    public static final String CLOCK = "CLOCK";

    private static final String SEGMENT_SUFFIX = ".log";
    private static final String HINT_SUFFIX = ".hint";
    private static final String TORN_SUFFIX = ".torn";
    private static final String DAMAGED_SUFFIX = ".damaged";
    private static final String TEMPORARY_SUFFIX = ".tmp";
    private static final int DIGITS = 10;

    private StoreFileNames() {}

    /** A segment file. */
    public static String segment(int segmentId) {
        return number(segmentId) + SEGMENT_SUFFIX;
    }

    /** The hint file of a segment. */
    public static String hint(int segmentId) {
        return number(segmentId) + HINT_SUFFIX;
    }

    /** What was torn off the end of a segment. */
    public static String torn(int segmentId) {
        return number(segmentId) + TORN_SUFFIX;
    }

    /** What a repair took out of a segment. */
    public static String damaged(int segmentId) {
        return number(segmentId) + DAMAGED_SUFFIX;
    }

    /** The name that a file has until it is finished. */
    public static String temporary(String name) {
        return name + TEMPORARY_SUFFIX;
    }

    /** Whether the file was not finished. */
    public static boolean isTemporary(String name) {
        return name.endsWith(TEMPORARY_SUFFIX);
    }

    /** Whether the name is that of torn bytes. */
    public static boolean isTorn(String name) {
        return numberOf(name, TORN_SUFFIX).isPresent();
    }

    /** Whether a repair set the file aside. */
    public static boolean isSetAside(String name) {
        return name.endsWith(DAMAGED_SUFFIX);
    }

    /** The id in the name of any file that has one; empty where it has none. */
    public static OptionalInt anySegmentId(String name) {
        int dot = name.indexOf('.');
        return dot == DIGITS ? numberOf(name, name.substring(dot)) : OptionalInt.empty();
    }

    /** The id of the segment file of that name; empty where it is the name of something else. */
    public static OptionalInt segmentId(String name) {
        return numberOf(name, SEGMENT_SUFFIX);
    }

    /** The id of the segment whose hint file has that name; empty where it is the name of something else. */
    public static OptionalInt hintSegmentId(String name) {
        return numberOf(name, HINT_SUFFIX);
    }

    /** Whether a store writes files of that name, its lock file aside. */
    public static boolean isWrittenByStore(String name) {
        return name.equals(MANIFEST)
                || name.equals(SNAPSHOT)
                || name.equals(RESERVE)
                || name.equals(CLOCK)
                || segmentId(name).isPresent()
                || hintSegmentId(name).isPresent()
                || isTorn(name)
                || isTemporary(name);
    }

    private static String number(int segmentId) {
        String number = Integer.toString(segmentId);
        return "0".repeat(DIGITS - number.length()) + number;
    }

    private static OptionalInt numberOf(String name, String suffix) {
        if (name.length() != DIGITS + suffix.length() || !name.endsWith(suffix)) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(Integer.parseInt(name, 0, DIGITS, 10));
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }
}
