package dev.kvdb.engine.recovery;

import dev.kvdb.engine.log.VersionRange;
import java.util.List;

/**
 * What cannot be saved.
 *
 * @param keys keys whose newest value is lost; they have no value any more
 * @param hidden versions of lost records of which not even the keys are known
 * @param uncertainKeys keys whose newest surviving record is older than hidden ones: what they have may be outdated, or
 *     may have been removed. Keys without a surviving record are not counted
 * @param manifestUncertain whether it is not certain which segments were part of the store
 */
public record RepairLoss(List<LostKey> keys, List<VersionRange> hidden, long uncertainKeys, boolean manifestUncertain) {

    /** Nothing. */
    public static final RepairLoss NONE = new RepairLoss(List.of(), List.of(), 0, false);

    /** Copies the lists. */
    public RepairLoss {
        keys = List.copyOf(keys);
        hidden = List.copyOf(hidden);
    }

    /** Whether all can be saved. */
    public boolean isNone() {
        return keys.isEmpty() && hidden.isEmpty() && !manifestUncertain;
    }
}
