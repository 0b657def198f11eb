package dev.kvdb.engine.gc;

/**
 * How much garbage a collection leaves: it goes on, the best victims first, until no more than {@code logShareMax} of
 * the log is garbage. To be lazy is what saves copies: the longer a segment waits, the less of it is live.
 *
 * @param victimShareMin the share of a segment that its rewrite must give back
 * @param logShareMax the share of the log that may be garbage afterwards
 * @param growthBytes what the log may grow by before the next collection has given anything back, all of it taken for
 *     garbage. Where it is not 0, writes are coming in: the new segments are filled, and of two segments that give back
 *     as much for each copied byte the older one goes, since its records have proved to be cold
 */
public record CollectionGoal(double victimShareMin, double logShareMax, long growthBytes) {

    /** Leaves nothing that is dead. */
    public static final CollectionGoal EVERYTHING = new CollectionGoal(0, -1, 0);

    /** Rewrites nothing for its garbage; empty segments go, and many small ones are merged. */
    public static final CollectionGoal TIDY_UP = new CollectionGoal(2, 1, 0);

    /** Whether that is no more garbage than may be left. */
    public boolean isReached(long garbageBytes, long logBytes) {
        return garbageBytes + growthBytes <= logShareMax * (logBytes + growthBytes);
    }

    boolean isUnderLoad() {
        return growthBytes > 0;
    }
}
