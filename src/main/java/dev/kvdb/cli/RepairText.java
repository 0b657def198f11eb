package dev.kvdb.cli;

import dev.kvdb.engine.RepairReport;
import dev.kvdb.engine.RepairReport.Outcome;
import dev.kvdb.engine.StoreRepair;
import dev.kvdb.engine.log.VersionRange;
import dev.kvdb.engine.recovery.LostKey;
import dev.kvdb.engine.recovery.RepairLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a repair found and did, for a person or as JSON, and what to do next.
 *
 * @param database the database's directory
 * @param request what was asked for
 * @param report what came of it
 */
record RepairText(String database, StoreRepair.Request request, RepairReport report) {

    private static final String CONTINUATION = "\n      ";

    /** Prints the report and returns the exit code. */
    int print(Terminal terminal, boolean json) {
        terminal.printLine(json ? json().toString() : table());
        String message = message();
        if (!json && !message.isEmpty()) {
            terminal.message(message);
        }
        boolean isWhole = report.outcome() == Outcome.WHOLE || report.outcome() == Outcome.REPAIRED;
        return isWhole ? ExitCode.OK : ExitCode.FAILED;
    }

    private JsonObject json() {
        RepairLoss loss = report.loss();
        return new JsonObject()
                .put("database", database)
                .put("outcome", outcome())
                .put("acceptLoss", request.acceptLoss())
                .put("dryRun", request.dryRun())
                .put("durationMillis", report.durationMillis())
                .put("findingsTotal", report.findingsTotal())
                .putObjects("findings", VerificationText.json(report.findings()))
                .put("lostKeysTotal", loss.keys().size())
                .putObjects(
                        "lostKeys", loss.keys().stream().map(RepairText::json).toList())
                .putObjects(
                        "hidden", loss.hidden().stream().map(RepairText::json).toList())
                .put("uncertainKeys", loss.uncertainKeys())
                .put("manifestUncertain", loss.manifestUncertain())
                .put("manifestRewritten", report.manifestWritten())
                .put("segmentsRewritten", report.segmentsWritten())
                .put("hintsRewritten", report.hintsWritten())
                .putStrings("setAside", report.setAside())
                .put("leftTotal", report.leftTotal())
                .putObjects("left", VerificationText.json(report.left()));
    }

    private static JsonObject json(LostKey lost) {
        JsonObject object = new JsonObject().putExact("key", lost.key());
        if (lost.version() != LostKey.VERSION_UNKNOWN) {
            object.putExact("version", lost.version());
        }
        return object.put("file", lost.file()).put("offset", lost.offset());
    }

    private static JsonObject json(VersionRange range) {
        JsonObject object = new JsonObject().putExact("fromVersion", range.from());
        if (range.to() != Long.MAX_VALUE) {
            object.putExact("toVersion", range.to());
        }
        return object.put("file", range.file()).put("offset", range.offset());
    }

    private String outcome() {
        return report.outcome().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private String table() {
        RepairLoss loss = report.loss();
        StringBuilder text = new StringBuilder();
        VerificationText.lines(text, report.findings(), report.findingsTotal());
        for (LostKey lost : loss.keys()) {
            text.append("lost key ").append(lost.key());
            if (lost.version() != LostKey.VERSION_UNKNOWN) {
                text.append(", version ").append(lost.version());
            }
            text.append(": ")
                    .append(lost.file())
                    .append(" at offset ")
                    .append(lost.offset())
                    .append('\n');
        }
        for (VersionRange range : loss.hidden()) {
            text.append("lost records of unknown keys, versions ").append(range.from());
            text.append(range.to() == Long.MAX_VALUE ? " and later" : " to " + range.to());
            text.append(": ")
                    .append(range.file())
                    .append(" at offset ")
                    .append(range.offset())
                    .append('\n');
        }
        if (report.outcome() == Outcome.LEFT) {
            text.append("left after the repair:\n");
            VerificationText.lines(text, report.left(), report.leftTotal());
        }
        VerificationText.row(text, "database", database);
        VerificationText.row(text, "findings", report.findingsTotal() == 0 ? "none" : "" + report.findingsTotal());
        VerificationText.row(text, "lost", loss.isNone() ? "nothing" : String.join(", ", losses()));
        VerificationText.row(text, "written anew", String.join(", ", writtenAnew()));
        report.setAside().forEach(file -> VerificationText.row(text, "set aside", file));
        VerificationText.row(text, "took", Text.millis(report.durationMillis()));
        VerificationText.row(text, "outcome", outcome());
        return text.substring(0, text.length() - 1);
    }

    private List<String> losses() {
        RepairLoss loss = report.loss();
        List<String> losses = new ArrayList<>();
        if (!loss.keys().isEmpty()) {
            losses.add("the newest value of " + Text.count(loss.keys().size(), "key"));
        }
        if (!loss.hidden().isEmpty()) {
            losses.add("records of unknown keys, newer than the values of " + Text.count(loss.uncertainKeys(), "key"));
        }
        if (loss.manifestUncertain()) {
            losses.add("which segments counted");
        }
        return losses;
    }

    private List<String> writtenAnew() {
        List<String> written = new ArrayList<>();
        if (report.manifestWritten()) {
            written.add("the manifest");
        }
        if (report.segmentsWritten() > 0) {
            written.add(Text.count(report.segmentsWritten(), "damaged segment"));
        }
        if (report.hintsWritten() > 0) {
            written.add(Text.count(report.hintsWritten(), "hint"));
        }
        if (report.outcome() == Outcome.REPAIRED || report.outcome() == Outcome.REPAIRED_WITH_LOSS) {
            written.add("the index snapshot");
        }
        return written.isEmpty() ? List.of("nothing") : written;
    }

    private String message() {
        return switch (report.outcome()) {
            case WHOLE, REPAIRED -> "";
            case REPAIRED_WITH_LOSS ->
                database + " is whole again and takes writes. Lost: " + String.join(", ", losses()) + CONTINUATION
                        + "Set the keys that are listed anew from where they came from.";
            case LOSS_NOT_ACCEPTED -> {
                boolean listed = !report.loss().manifestUncertain();
                yield "a repair of " + database + " would lose: " + String.join(", ", losses()) + CONTINUATION
                        + (request.dryRun() ? "Nothing was changed. " : "The log was not changed. ")
                        + "Copy the directory, and restore it from a backup if there is one;" + CONTINUATION
                        + "else accept the loss with --accept-loss."
                        + (listed ? "" : CONTINUATION + "Without the manifest, removed keys may come back.");
            }
            case DRY_RUN ->
                "nothing was changed; a repair of " + database + " would lose "
                        + (report.loss().isNone() ? "nothing" : String.join(", ", losses()));
            case LEFT ->
                Text.count(report.leftTotal(), "finding") + " left in " + database
                        + " after the repair; is the disk failing? Copy the directory to another and repair it there.";
        };
    }
}
