package dev.kvdb.engine;

import dev.kvdb.engine.error.IndexFullException;
import dev.kvdb.engine.index.OrderedIndex;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * The limit on the heap that the index may take: at it, keys that are not there yet are refused, so that a store with
 * too many keys answers instead of running out of memory. What the keys that are there may come to take counts too:
 * where a few of them are set anew, or moved by a collection, their neighbours' locations need more bytes, as they are
 * packed by what they have in common. The index goes beyond it by no more than a group of writes adds.
 *
 * <p>Belongs to the committer thread.
 */
final class IndexLimit {

    /**
     * Bytes that a key's entry may grow by. Those of a leaf that was loaded in a row have locations of 4 bytes; of keys
     * all over a log of 65,000 segments they have 7.
     */
    static final int GROWTH_BYTES = 3;

    private static final Logger LOG = System.getLogger(IndexLimit.class.getName());

    private final String directory;
    private final OrderedIndex index;
    private final long bytesMax;
    private final UsageThresholds thresholds;

    /**
     * @param directory the store's directory
     * @param index the store's index
     * @param bytesMax what it may take; 0 for no limit
     */
    IndexLimit(String directory, OrderedIndex index, long bytesMax) {
        this.directory = directory;
        this.index = index;
        this.bytesMax = bytesMax;
        this.thresholds = new UsageThresholds(
                "the index of store " + directory + " uses, or may come to use,", "the heap that it may take");
    }

    /** Whether a key that is not in the index is to be refused. */
    boolean isReached() {
        return bytesMax > 0 && bytes() >= bytesMax;
    }

    private long bytes() {
        return index.memoryBytes() + GROWTH_BYTES * index.size();
    }

    /** What it is to be refused with. */
    IndexFullException refusal() {
        return IndexFullException.noRoomForKey(directory, index.size(), bytes(), bytesMax);
    }

    /** Warns where the index has come near the limit. */
    void watch() {
        if (bytesMax > 0) {
            thresholds
                    .crossing(bytes(), bytesMax)
                    .ifPresent(crossing -> LOG.log(
                            crossing.upwards() ? Level.WARNING : Level.INFO,
                            crossing.line()
                                    + (crossing.upwards() ? "; at the limit the store takes no new keys" : "")));
        }
    }
}
