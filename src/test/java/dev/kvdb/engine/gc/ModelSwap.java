package dev.kvdb.engine.gc;

import dev.kvdb.engine.log.Segment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A collection of {@link TombstoneModel} on its way. */
final class ModelSwap {

    final List<ModelSegment> victims;
    final List<Segment> holders;
    final long firstVersion;
    long liveAsOf;

    /** Which record of which victim is judged next. */
    int victimAt;

    int recordAt;

    final List<ModelRecord> copied = new ArrayList<>();
    final List<Long> copiedFrom = new ArrayList<>();
    boolean synced;

    @Nullable
    ModelSegment output;

    /** How many of the copied records the index was moved to, or was not. */
    int moved;

    ModelSwap(List<ModelSegment> victims, List<Segment> holders, long firstVersion, long liveAsOf) {
        this.victims = victims;
        this.holders = holders;
        this.firstVersion = firstVersion;
        this.liveAsOf = liveAsOf;
    }
}
