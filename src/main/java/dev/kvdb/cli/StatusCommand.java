package dev.kvdb.cli;

import dev.kvdb.client.KvdbClient;
import dev.kvdb.v1.CacheStatus;
import dev.kvdb.v1.GarbageCollectionStatus;
import dev.kvdb.v1.LogStatus;
import dev.kvdb.v1.RecoveryStatus;
import dev.kvdb.v1.ScrubStatus;
import dev.kvdb.v1.StatusResponse;
import java.util.Locale;
import picocli.CommandLine.Command;

/** Prints a server's state and figures. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Print the server's state and figures.",
        footerHeading = "%n",
        footer = "The figures of --json are described in docs/cli.md.")
final class StatusCommand extends ClientCommand {

    private static final String STATE_PREFIX = "STORE_STATE_";
    private static final long MILLION = 1_000_000;

    StatusCommand(Terminal terminal) {
        super(terminal);
    }

    @Override
    int run(KvdbClient client) {
        StatusResponse status = client.status();
        terminal().printLine(json() ? json(status).toString() : table(status));
        return ExitCode.OK;
    }

    private static String state(StatusResponse status) {
        return status.getState()
                .name()
                .substring(STATE_PREFIX.length())
                .toLowerCase(Locale.ROOT)
                .replace('_', '-');
    }

    private static JsonObject json(StatusResponse status) {
        JsonObject object = new JsonObject()
                .put("serverVersion", status.getServerVersion())
                .put("state", state(status))
                .put("stateDetail", status.getStateDetail())
                .put("uptimeMillis", status.getUptimeMillis())
                .put("keys", status.getKeys())
                .putExactUnsigned("lastVersion", status.getLastVersion())
                .put("indexBytes", status.getIndexBytes())
                .put("openFiles", status.getOpenFiles());
        object.put("fileBytes", status.getFileBytes());
        if (status.hasIndexBytesMax()) {
            object.put("indexBytesMax", status.getIndexBytesMax()).put("keysForecast", status.getKeysForecast());
        }
        if (status.hasQuotaBytes()) {
            object.put("quotaBytes", status.getQuotaBytes());
        }
        if (status.hasDiskFreeBytes()) {
            object.put("diskFreeBytes", status.getDiskFreeBytes());
        }
        if (status.hasWriteAmplification()) {
            object.put("writeAmplification", status.getWriteAmplification());
        }
        if (status.hasLastSyncError()) {
            object.put("lastSyncError", status.getLastSyncError());
        }
        if (status.getScrub().getScheduled()) {
            object.put("scrub", scrub(status.getScrub()));
        }
        return object.put("log", log(status.getLog()))
                .put("cache", cache(status.getCache()))
                .put("garbageCollection", collection(status.getGarbageCollection()))
                .put("recovery", recovery(status.getRecovery()));
    }

    private static JsonObject log(LogStatus log) {
        return new JsonObject()
                .put("segments", log.getSegments())
                .put("bytes", log.getBytes())
                .put("liveBytes", log.getLiveBytes())
                .put("deadBytes", log.getDeadBytes())
                .put("damagedSegments", log.getDamagedSegments());
    }

    private static JsonObject scrub(ScrubStatus scrub) {
        return new JsonObject()
                .put("running", scrub.getRunning())
                .put("runs", scrub.getRuns())
                .put("failures", scrub.getFailures())
                .put("lastFindings", scrub.getLastFindings());
    }

    private static JsonObject cache(CacheStatus cache) {
        return new JsonObject()
                .put("hits", cache.getHits())
                .put("misses", cache.getMisses())
                .put("bytes", cache.getBytes());
    }

    private static JsonObject collection(GarbageCollectionStatus collection) {
        JsonObject object = new JsonObject()
                .put("running", collection.getRunning())
                .put("runs", collection.getRuns())
                .put("failures", collection.getFailures())
                .put("bytesCopied", collection.getBytesCopied())
                .put("bytesReclaimed", collection.getBytesReclaimed());
        return collection.hasLastError() ? object.put("lastError", collection.getLastError()) : object;
    }

    private static JsonObject recovery(RecoveryStatus recovery) {
        return new JsonObject()
                .put("durationMillis", recovery.getDurationMillis())
                .put("clean", recovery.getClean())
                .put("recordsScanned", recovery.getRecordsScanned())
                .put("hintsRebuilt", recovery.getHintsRebuilt())
                .put("tornBytes", recovery.getTornBytes());
    }

    private static String table(StatusResponse status) {
        LogStatus log = status.getLog();
        CacheStatus cache = status.getCache();
        GarbageCollectionStatus collection = status.getGarbageCollection();
        RecoveryStatus recovery = status.getRecovery();
        StringBuilder table = new StringBuilder();
        row(table, "server", "kvdb " + status.getServerVersion() + ", up " + Text.millis(status.getUptimeMillis()));
        row(table, "state", state(status) + (status.getStateDetail().isEmpty() ? "" : ": " + status.getStateDetail()));
        row(table, "keys", String.format(Locale.ROOT, "%,d", status.getKeys()));
        row(table, "last version", Long.toUnsignedString(status.getLastVersion()));
        row(
                table,
                "log",
                Text.bytes(log.getBytes()) + " in " + Text.count(log.getSegments(), "segment") + ": "
                        + Text.bytes(log.getLiveBytes()) + " live, " + Text.bytes(log.getDeadBytes()) + " dead"
                        + (log.getDamagedSegments() == 0 ? "" : ", " + log.getDamagedSegments() + " damaged"));
        row(
                table,
                "files",
                Text.bytes(status.getFileBytes())
                        + (status.hasQuotaBytes() ? " of a quota of " + Text.bytes(status.getQuotaBytes()) : ""));
        if (status.hasDiskFreeBytes()) {
            row(table, "disk free", Text.bytes(status.getDiskFreeBytes()));
        }
        row(
                table,
                "cache",
                Text.bytes(cache.getBytes()) + ", " + Text.count(cache.getHits(), "hit") + ", "
                        + Text.count(cache.getMisses(), "miss", "misses"));
        row(table, "index", index(status));
        row(
                table,
                "collections",
                Text.count(collection.getRuns(), "run") + (collection.getRunning() ? ", one running" : "") + ", "
                        + Text.bytes(collection.getBytesReclaimed()) + " reclaimed, "
                        + Text.bytes(collection.getBytesCopied()) + " copied"
                        + (collection.getFailures() == 0 ? "" : ", " + Text.count(collection.getFailures(), "failure"))
                        + (collection.hasLastError() ? ", last error: " + collection.getLastError() : ""));
        if (status.getScrub().getScheduled()) {
            row(table, "scrubs", scrubs(status.getScrub()));
        }
        row(
                table,
                "last open",
                (recovery.getClean() ? "clean" : "after a crash") + ", took "
                        + Text.millis(recovery.getDurationMillis())
                        + (recovery.getTornBytes() == 0
                                ? ""
                                : ", " + Text.bytes(recovery.getTornBytes()) + " torn and set aside"));
        if (status.hasWriteAmplification()) {
            row(table, "write ampl.", String.format(Locale.ROOT, "%.2f", status.getWriteAmplification()));
        }
        if (status.hasLastSyncError()) {
            row(table, "sync error", status.getLastSyncError());
        }
        return table.substring(0, table.length() - 1);
    }

    private static String index(StatusResponse status) {
        String taken = Text.bytes(status.getIndexBytes());
        return status.hasIndexBytesMax()
                ? taken + " of " + Text.bytes(status.getIndexBytesMax()) + ", room for some "
                        + about(status.getKeysForecast()) + " keys in all"
                : taken;
    }

    /** A forecast is no count. */
    private static String about(long keys) {
        return keys < 10 * MILLION
                ? String.format(Locale.ROOT, "%,d", keys)
                : String.format(Locale.ROOT, "%,d million", keys / MILLION);
    }

    private static String scrubs(ScrubStatus scrub) {
        return Text.count(scrub.getRuns(), "run")
                + (scrub.getRunning() ? ", one running" : "")
                + (scrub.getRuns() == 0 ? "" : ", " + Text.count(scrub.getLastFindings(), "finding") + " in the last")
                + (scrub.getFailures() == 0 ? "" : ", " + Text.count(scrub.getFailures(), "failure"));
    }

    private static void row(StringBuilder table, String name, String value) {
        table.append(String.format(Locale.ROOT, "%-13s %s%n", name, value));
    }
}
