package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.error.UnsupportedFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Collects what a verification finds. Of findings and notes alike the first {@value #KEPT_MAX} are kept, all are
 * counted. Belongs to one thread.
 */
final class Findings {

    static final int KEPT_MAX = 1000;

    private final Consumer<Finding> told;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private long findingsTotal;
    private long notesTotal;

    Findings() {
        this(finding -> {});
    }

    /** @param told each finding that is kept, as it comes */
    Findings(Consumer<Finding> told) {
        this.told = told;
    }

    /** Something is wrong. */
    void add(Finding.Kind kind, String file, long offset, String message) {
        findingsTotal++;
        if (findings.size() < KEPT_MAX) {
            Finding finding = new Finding(kind, file, offset, message);
            findings.add(finding);
            told.accept(finding);
        }
    }

    /** All that others have found. */
    void addAll(Findings others) {
        for (Finding finding : others.findings) {
            add(finding.kind(), finding.file(), finding.offset(), finding.message());
        }
        findingsTotal += others.findingsTotal - others.findings.size();
    }

    /** Something is damaged. */
    void add(Finding.Kind kind, DamageException e) {
        add(kind, e.file(), e.offset(), "expected " + e.expected() + ", found " + e.found());
    }

    /** Something is of a format that this build does not know. */
    void add(String file, long offset, UnsupportedFormatException e) {
        add(Finding.Kind.UNSUPPORTED, file, offset, String.valueOf(e.getMessage()));
    }

    /** Something cannot be read. */
    void add(String file, long offset, IOException e) {
        add(Finding.Kind.UNREADABLE, file, offset, "cannot be read from here: " + SystemReason.of(e));
    }

    /** Something is worth a word, though nothing is wrong. */
    void note(String text) {
        notesTotal++;
        if (notes.size() < KEPT_MAX) {
            notes.add(text);
        }
    }

    List<Finding> findings() {
        return List.copyOf(findings);
    }

    long findingsTotal() {
        return findingsTotal;
    }

    List<String> notes() {
        return List.copyOf(notes);
    }

    long notesTotal() {
        return notesTotal;
    }

    /** What was found, with the figures of a verification that is done. */
    VerificationReport report(int files, long bytes, long records, long liveRecords, long nanos) {
        return new VerificationReport(
                files,
                bytes,
                records,
                liveRecords,
                findings(),
                findingsTotal(),
                notes(),
                notesTotal(),
                TimeUnit.NANOSECONDS.toMillis(nanos));
    }
}
