package dev.kvdb.server;

import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.StoreStatistics;

/** Statistics of a store in which no two figures are the same, so that none can be taken for another. */
public final class StatisticsSample {

    private StatisticsSample() {}

    /** While garbage is collected, or not. */
    public static StoreStatistics make(boolean collecting) {
        return new StoreStatistics(
                StoreState.WRITABLE,
                "",
                101,
                102,
                103,
                106,
                107,
                104,
                108,
                105,
                new StoreStatistics.Log(201, 202, 203, 204, 205, 206),
                new StoreStatistics.Writes(301, 302, 303, 304, 400, 800, 307, "sync error", 309, 310),
                new StoreStatistics.Reads(501, 502, 503, 504, 505),
                new StoreStatistics.GarbageCollection(collecting, 601, 602, 603, 604, "gc error"),
                new StoreStatistics.Recovery(7_000, true, 702, 703, 704));
    }
}
