package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.log.Segment;
import java.util.ArrayList;
import java.util.List;

/** A segment of {@link TombstoneModel}: a real one without a file, and what would be in it. */
final class ModelSegment {

    private static final int FRAME_BYTES = 40;

    final Segment segment;
    final List<ModelRecord> records = new ArrayList<>();

    /** How many of the records a crash leaves for certain. */
    int durable;

    boolean sealed;

    /** Whether the index still has to be moved here. */
    boolean moving;

    /** Whether a collection on its way will replace it. */
    boolean victim;

    ModelSegment(Segment segment) {
        this.segment = segment;
    }

    long location(int at) {
        return RecordLocation.of(segment.id(), at, FRAME_BYTES);
    }

    void countRecords() {
        for (ModelRecord written : records) {
            if (written.tombstone()) {
                segment.counters().addTombstone(written.version());
            } else {
                segment.counters().addSet();
            }
        }
    }
}
