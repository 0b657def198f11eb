package dev.kvdb.engine;

import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.Repair;
import dev.kvdb.engine.recovery.RepairLoss;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.List;

/**
 * What a repair found and did.
 *
 * @param outcome how it ended
 * @param findings what was wrong; the first thousand
 * @param findingsTotal how many there were in all
 * @param loss what cannot be saved; lost, where that was accepted
 * @param manifestWritten whether the manifest was written anew
 * @param segmentsWritten damaged segments that were replaced
 * @param hintsWritten hints that were made anew
 * @param setAside the files that keep what was taken out, as paths
 * @param left what is wrong still, at the end; the first thousand
 * @param leftTotal how much in all
 * @param durationMillis how long it took
 */
public record RepairReport(
        Outcome outcome,
        List<Finding> findings,
        long findingsTotal,
        RepairLoss loss,
        boolean manifestWritten,
        int segmentsWritten,
        int hintsWritten,
        List<String> setAside,
        List<Finding> left,
        long leftTotal,
        long durationMillis) {

    /** How a repair ended. */
    public enum Outcome {
        /** Nothing was wrong. */
        WHOLE,
        /** Nothing is wrong any more, and nothing was lost. */
        REPAIRED,
        /** Nothing is wrong any more; what could not be saved is lost. */
        REPAIRED_WITH_LOSS,
        /** Something would be lost, and that was not accepted. */
        LOSS_NOT_ACCEPTED,
        /** Nothing was changed; a repair would lose nothing. */
        DRY_RUN,
        /** Something is wrong still. */
        LEFT
    }

    static RepairReport of(StoreRepair.Request request, Repair.Result result, long durationMillis) {
        VerificationReport left = result.after() == null ? result.before() : result.after();
        return new RepairReport(
                outcome(request, result),
                result.before().findings(),
                result.before().findingsTotal(),
                result.loss(),
                result.manifestWritten(),
                result.segmentsWritten(),
                result.hintsWritten(),
                result.setAside(),
                left.findings(),
                left.findingsTotal(),
                durationMillis);
    }

    private static Outcome outcome(StoreRepair.Request request, Repair.Result result) {
        if (result.before().findingsTotal() == 0) {
            return Outcome.WHOLE;
        }
        VerificationReport after = result.after();
        if (after != null) {
            if (after.findingsTotal() > 0) {
                return Outcome.LEFT;
            }
            return result.loss().isNone() ? Outcome.REPAIRED : Outcome.REPAIRED_WITH_LOSS;
        }
        boolean wouldLose = !result.loss().isNone() && !(request.dryRun() && request.acceptLoss());
        return wouldLose ? Outcome.LOSS_NOT_ACCEPTED : Outcome.DRY_RUN;
    }
}
