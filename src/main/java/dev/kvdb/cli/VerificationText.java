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
        if (!json) {
            terminal.message(
                    Text.count(report.findingsTotal(), "finding") + " in " + database + VerificationAdvice.of(report));
        }
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
            text.append(headline(finding))
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

    private static String headline(Finding finding) {
        String what = switch (finding.kind()) {
            case MISSING, UNREADABLE, UNSUPPORTED -> kind(finding);
            case LENGTH, VERSION, MARK, INDEX -> "wrong " + kind(finding);
            case MANIFEST, HEADER, FRAME, VALUE, HINT, SNAPSHOT -> "damaged " + kind(finding);
        };
        String where = finding.kind() == Finding.Kind.MISSING ? "" : " at offset " + finding.offset();
        return what + ": " + finding.file() + where;
    }

    private static String kind(Finding finding) {
        return finding.kind().name().toLowerCase(Locale.ROOT);
    }
}
