package dev.kvdb.engine.recovery;

import dev.kvdb.engine.format.HintEntry;

/** Counts what an open has read, and tells the listener now and then. Belongs to one thread. */
final class Progress {

    private static final int RECORDS_PER_REPORT = 8192;

    private final RecoveryListener listener;
    private final long totalBytes;
    private String phase = "reading the manifest";
    private long doneBytes;
    private int recordsSinceReport;

    Progress(RecoveryListener listener, long totalBytes) {
        this.listener = listener;
        this.totalBytes = totalBytes;
    }

    /** A new phase begins. */
    void phase(String name) {
        phase = name;
        report();
    }

    /** So many bytes were read. */
    void addBytes(long bytes) {
        doneBytes += bytes;
        report();
    }

    /** So many records of hints or the snapshot were read. */
    void add(int records) {
        doneBytes += (long) records * HintEntry.BYTES;
        recordsSinceReport += records;
        if (recordsSinceReport >= RECORDS_PER_REPORT) {
            recordsSinceReport = 0;
            report();
        }
    }

    /** All was read: as much as was expected, whatever that was. */
    void done() {
        doneBytes = Math.max(doneBytes, totalBytes);
        phase("done");
    }

    private void report() {
        listener.progressed(phase, doneBytes, Math.max(doneBytes, totalBytes));
    }
}
