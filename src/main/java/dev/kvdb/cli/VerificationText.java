package dev.kvdb.cli;

import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.List;
import java.util.Locale;

/** What a verification found, for a person or as JSON, and what to do about it. */
final class VerificationText {

    private VerificationText() {}

    /** Prints a report and returns the exit code. */
    static int print(Terminal terminal, boolean json, String database, VerificationReport report) {
        terminal.printLine(json ? json(database, report).toString() : table(database, report));
        if (report.isClean()) {
            return ExitCode.OK;
        }
        terminal.message(Text.count(report.findingsTotal(), "finding") + " in " + database + advice(report));
        return ExitCode.FAILED;
    }

    private static JsonObject json(String database, VerificationReport report) {
        return new JsonObject()
                .put("database", database)
                .put("clean", report.isClean())
                .put("files", report.files())
                .put("bytes", report.bytes())
                .put("records", report.records())
                .put("liveRecords", report.liveRecords())
                .put("durationMillis", report.durationMillis())
                .put("findingsTotal", report.findingsTotal())
                .putObjects("findings", json(report.findings()))
                .put("notesTotal", report.notesTotal())
                .putStrings("notes", report.notes());
    }

    static List<JsonObject> json(List<Finding> findings) {
        return findings.stream()
                .map(finding -> new JsonObject()
                        .put("kind", kind(finding))
                        .put("file", finding.file())
                        .put("offset", finding.offset())
                        .put("message", finding.message()))
                .toList();
    }

    private static String table(String database, VerificationReport report) {
        StringBuilder text = new StringBuilder();
        lines(text, report.findings(), report.findingsTotal());
        report.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        more(text, report.notesTotal() - report.notes().size(), "note");
        row(text, "database", database);
        row(text, "read", Text.bytes(report.bytes()) + " in " + Text.count(report.files(), "file"));
        row(text, "records", Text.count(report.records(), "record") + ", " + Text.count(report.liveRecords(), "key"));
        row(text, "took", Text.millis(report.durationMillis()));
        row(text, "findings", report.isClean() ? "none" : String.valueOf(report.findingsTotal()));
        return text.substring(0, text.length() - 1);
    }

    /** A line for each finding. */
    static void lines(StringBuilder text, List<Finding> findings, long total) {
        for (Finding finding : findings) {
            text.append("damaged ")
                    .append(kind(finding))
                    .append(": ")
                    .append(finding.file())
                    .append(" at offset ")
                    .append(finding.offset())
                    .append(": ")
                    .append(finding.message())
                    .append('\n');
        }
        more(text, total - findings.size(), "finding");
    }

    private static void more(StringBuilder text, long count, String noun) {
        if (count > 0) {
            text.append("... and ").append(Text.count(count, noun)).append(" more\n");
        }
    }

    static void row(StringBuilder text, String name, String value) {
        text.append(String.format(Locale.ROOT, "%-13s %s%n", name, value));
    }

    private static String kind(Finding finding) {
        return finding.kind().name().toLowerCase(Locale.ROOT);
    }

    private static String advice(VerificationReport report) {
        StringBuilder text = new StringBuilder();
        if (has(report, Finding.Kind.UNSUPPORTED)) {
            text.append("\n      Newer files than this build knows: verify them with the build that wrote them.");
        }
        if (has(report, Finding.Kind.INDEX)) {
            text.append("\n      The index in the server's memory disagrees with the log: restart the server,")
                    .append("\n      which makes it anew, and verify again.");
        }
        if (report.findings().stream().anyMatch(finding -> finding.kind().isOfLog())) {
            text.append("\n      The log is damaged: copy the directory before anything else, check the disk, and take")
                    .append("\n      the files named above from a backup. What is whole can still be read. Where there")
                    .append("\n      is no backup, 'kvdb repair' keeps what is whole; see first what that would cost.");
        }
        if (report.findings().stream().anyMatch(finding -> finding.kind().isOfCache())) {
            text.append("\n      Hints and the snapshot are caches of the log: where nothing else is damaged,")
                    .append("\n      'kvdb repair' makes them anew and loses nothing.");
        }
        return text.toString();
    }

    private static boolean has(VerificationReport report, Finding.Kind kind) {
        return report.findings().stream().anyMatch(finding -> finding.kind() == kind);
    }
}
