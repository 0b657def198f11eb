package dev.kvdb.engine.recovery;

import java.util.List;

/**
 * What a verification found.
 *
 * @param files files that were read
 * @param bytes bytes of them that are part of the store
 * @param records records in the log, superseded ones and tombstones included
 * @param liveRecords keys that have a value; of a damaged store, as far as can be told
 * @param findings what is wrong; the first thousand
 * @param findingsTotal how many there are in all
 * @param notes what is worth a word though nothing is wrong, for example the torn end of a log; the first thousand
 * @param notesTotal how many there are in all
 * @param durationMillis how long it took
 */
public record VerificationReport(
        int files,
        long bytes,
        long records,
        long liveRecords,
        List<Finding> findings,
        long findingsTotal,
        List<String> notes,
        long notesTotal,
        long durationMillis) {

    /** Whether nothing is wrong. */
    public boolean isClean() {
        return findingsTotal == 0;
    }
}
