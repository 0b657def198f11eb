package dev.kvdb.engine.gc;

/** Ways to get the rules of tombstones wrong, each of which {@link TombstoneModel} must find. */
enum TombstoneMutant {
    /** Tombstones go whatever the other segments hold. */
    NEVER_HELD_BACK,
    /** Clause (a) believes that a segment with a later id starts later: rewritten ones do not. */
    LATER_ID_STARTS_AFTER,
    /** Clause (a) with a rewritten segment that says it starts when it is published. */
    OUTPUT_STARTS_TOO_LATE,
    /** Clause (b) with liveAsOf taken when the copy is published. */
    LIVE_AS_OF_TAKEN_TOO_LATE,
    /** Clause (b) believes that a rewritten segment holds live records only. */
    REWRITTEN_IS_ALWAYS_LIVE,
    /** Clause (c) overlooks sets that a remove superseded. */
    REMOVES_DO_NOT_SUPERSEDE,
    /** Segments that another swap collects are left aside, though it may never be published. */
    VICTIMS_OF_OTHER_SWAPS_ASIDE,
    /** An output is collected while the index still points at what it was copied from. */
    OUTPUT_IS_VICTIM_BEFORE_ITS_MOVE_ENDS,
    /** What made a copy dead may be lost after the copy is gone. */
    NOT_SYNCED_BEFORE_PUBLISHING,
    /** A segment is collected while records of it are not in the index yet. */
    SEALED_BEFORE_APPLIED,
    /** Copies get versions of their own. */
    COPIES_RENUMBERED,
    /** The index is moved over writes that came in between. */
    MOVED_WITHOUT_COMPARING,
    /** After a crash versions are given out again that only headers and the manifest remember. */
    NEXT_VERSION_FROM_RECORDS_ONLY
}
