package dev.kvdb.engine;

import dev.kvdb.engine.index.OrderedIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The writes that are committed together, in their order: appended to the log, and not yet applied.
 *
 * <p>Belongs to the committer thread.
 */
final class WriteGroup {

    private final OrderedIndex index;
    private final List<PendingWrite.OfKey<?>> writes = new ArrayList<>();
    private long frameBytes;

    /** Whether a key that the group writes will be there; made only where the group has a remove to judge. */
    private @Nullable Map<Long, Boolean> present;

    /** @param index what is there before the group */
    WriteGroup(OrderedIndex index) {
        this.index = index;
    }

    /** Adds a write that takes so many bytes of the log; 0 where it writes nothing. */
    void add(PendingWrite.OfKey<?> write, int bytes) {
        writes.add(write);
        frameBytes += bytes;
        if (present != null && bytes > 0) {
            present.put(write.key, write instanceof PendingWrite.Set);
        }
    }

    /** Whether a key is there after all writes so far, those of the group included. */
    boolean isPresent(long key) {
        Map<Long, Boolean> written = present;
        if (written == null) {
            written = new HashMap<>();
            for (PendingWrite.OfKey<?> write : writes) {
                if (write.location != 0) {
                    written.put(write.key, write instanceof PendingWrite.Set);
                }
            }
            present = written;
        }
        Boolean inGroup = written.get(key);
        return inGroup == null ? index.get(key) != OrderedIndex.ABSENT : inGroup;
    }

    List<PendingWrite.OfKey<?>> writes() {
        return writes;
    }

    boolean isEmpty() {
        return writes.isEmpty();
    }

    /** Bytes of the log that the group takes. */
    long frameBytes() {
        return frameBytes;
    }

    void clear() {
        writes.clear();
        frameBytes = 0;
        present = null;
    }
}
