package dev.kvdb.cli;

import dev.kvdb.client.KvdbClient;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.v1.VerifyFinding;
import dev.kvdb.v1.VerifyResponse;
import dev.kvdb.v1.VerifySummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A verification that a server runs on its open database; collects what is streamed. Belongs to one thread. */
final class OnlineVerification {

    private final VerificationBar bar;
    private final List<Finding> findings = new ArrayList<>();
    private @Nullable VerifySummary summary;

    private OnlineVerification(VerificationBar bar) {
        this.bar = bar;
    }

    /** Has the server verify, and returns when that has ended. */
    static VerificationReport run(KvdbClient client, OptionalLong bytesPerSecondMax, VerificationBar bar) {
        OnlineVerification verification = new OnlineVerification(bar);
        client.verify(bytesPerSecondMax, verification::received);
        return verification.report();
    }

    private void received(VerifyResponse message) {
        switch (message.getEventCase()) {
            case PROGRESS ->
                bar.progressed(
                        message.getProgress().getDoneBytes(),
                        message.getProgress().getTotalBytes());
            case FINDING -> findings.add(finding(message.getFinding()));
            case SUMMARY -> summary = message.getSummary();
            default -> {
                // Of a newer server.
            }
        }
    }

    private VerificationReport report() {
        VerifySummary end = summary;
        if (end == null) {
            throw new CommandFailure(
                    ExitCode.SERVER_FAILED,
                    "the server ended the verification before it was done; what it found is lost");
        }
        return new VerificationReport(
                end.getFiles(),
                end.getBytes(),
                end.getRecords(),
                end.getLiveRecords(),
                List.copyOf(findings),
                end.getFindingsTotal(),
                List.copyOf(end.getNotesList()),
                end.getNotesCount(),
                end.getDurationMillis());
    }

    private static Finding finding(VerifyFinding told) {
        return new Finding(kind(told.getKind()), told.getFile(), told.getOffset(), told.getMessage());
    }

    /** A kind that only a newer server knows is one that is not supported here. */
    private static Finding.Kind kind(String name) {
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind.name().equals(name.toUpperCase(Locale.ROOT))) {
                return kind;
            }
        }
        return Finding.Kind.UNSUPPORTED;
    }
}
