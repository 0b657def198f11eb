package dev.kvdb.cli;

import dev.kvdb.engine.recovery.Finding.Kind;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.EnumSet;
import java.util.Set;

/**
 * What to do about what a verification found. A file of a backup may only take the place of one that never changed: of
 * a sealed segment, never of a manifest.
 */
final class VerificationAdvice {

    /** With these a store may not open. */
    private static final Set<Kind> UNCERTAIN = EnumSet.of(Kind.UNREADABLE, Kind.UNSUPPORTED);

    private VerificationAdvice() {}

    /** Lines that each begin with a line end; empty where nothing was found. */
    static String of(VerificationReport report) {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        report.findings().forEach(finding -> kinds.add(finding.kind()));
        StringBuilder text = new StringBuilder();
        if (kinds.contains(Kind.UNSUPPORTED)) {
            text.append("\n      Newer files than this build knows: verify them with the build that wrote them.");
        }
        if (kinds.contains(Kind.INDEX)) {
            text.append("\n      The index in the server's memory disagrees with the log: restart the server, which")
                    .append("\n      makes it anew, and verify again.");
        }
        if (kinds.contains(Kind.MANIFEST)) {
            text.append("\n      The manifest is damaged: copy the directory before anything else, check the disk, and")
                    .append("\n      restore the whole directory from a backup. Never a MANIFEST alone: an older one")
                    .append("\n      does not list the newer segments, and an open refuses it.");
            addPlight(text, kinds);
        } else if (kinds.stream().anyMatch(Kind::isOfLog)) {
            text.append("\n      The log is damaged: copy the directory before anything else, check the disk, and")
                    .append("\n      restore the whole directory from a backup. One file alone may only be restored")
                    .append("\n      where it is a segment (*.log) that has its hint (*.hint) beside it in the backup:")
                    .append("\n      it was sealed then, and has not changed since.");
            addPlight(text, kinds);
        }
        if (kinds.stream().noneMatch(Kind::isOfLog) && kinds.stream().anyMatch(Kind::isOfCache)) {
            text.append("\n      Hints and the snapshot are caches of the log: where nothing else is damaged,")
                    .append("\n      'kvdb repair' makes them anew and loses nothing.");
        }
        return text.toString();
    }

    private static void addPlight(StringBuilder text, Set<Kind> kinds) {
        if (kinds.contains(Kind.MANIFEST)) {
            text.append("\n      Until then the database does not open.");
        } else if (kinds.stream().noneMatch(UNCERTAIN::contains)) {
            text.append("\n      What is whole can still be read.");
        }
        text.append("\n      Where there is no backup, 'kvdb repair' keeps what is whole; see first what that costs.");
    }
}
