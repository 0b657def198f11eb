package dev.kvdb.engine;

import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What was written. Safe for use by several threads. */
final class WriteCounters {

    final LongAdder sets = new LongAdder();
    final LongAdder removes = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder userBytes = new LongAdder();
    final LongAdder syncs = new LongAdder();

    private volatile @Nullable String lastSyncError;

    void syncFailed(String error) {
        lastSyncError = error;
    }

    @Nullable
    String lastSyncError() {
        return lastSyncError;
    }
}
