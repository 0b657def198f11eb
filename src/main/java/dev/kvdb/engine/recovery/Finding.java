package dev.kvdb.engine.recovery;

/**
 * Something that a verification found wrong.
 *
 * @param kind what is wrong
 * @param file the file, as a path
 * @param offset where in it, in bytes; 0 where it is the whole file
 * @param message one line for a person, without file and offset
 */
public record Finding(Kind kind, String file, long offset, String message) {

    /** What can be wrong. */
    public enum Kind {
        /** The manifest is damaged, contradicts itself, or is missing beside segments. */
        MANIFEST,
        /** A file that the manifest lists is missing. */
        MISSING,
        /** The operating system does not give the bytes back. */
        UNREADABLE,
        /** The file is of a format that this build does not know. */
        UNSUPPORTED,
        /** A segment's header is damaged, or is that of another segment. */
        HEADER,
        /** A segment is shorter than the manifest says. */
        LENGTH,
        /** Bytes of a segment are no frame. */
        FRAME,
        /** A value does not have its checksum. */
        VALUE,
        /** A version is out of the order that its segment promises. */
        VERSION,
        /** A mark says what cannot be. */
        MARK,
        /** A hint is damaged, or disagrees with its segment. */
        HINT,
        /** The index snapshot is damaged, or disagrees with the log. */
        SNAPSHOT,
        /** The index in memory disagrees with the log. */
        INDEX;

        /** Whether the log itself, or the list of its segments, is damaged. */
        public boolean isOfLog() {
            return !isOfCache() && this != UNSUPPORTED && this != INDEX;
        }

        /** Whether the file is a cache of others, which an open makes anew where it is gone. */
        public boolean isOfCache() {
            return this == HINT || this == SNAPSHOT;
        }
    }
}
