package dev.kvdb.engine;

import dev.kvdb.engine.log.SyncFailedException;
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

    /** Something failed; learns of a sync that did. */
    void failedWith(Throwable cause) {
        if (cause instanceof SyncFailedException) {
            lastSyncError = cause.getMessage();
        } else if (cause.getCause() instanceof SyncFailedException sync) {
            lastSyncError = sync.getMessage();
        }
    }

    @Nullable
    String lastSyncError() {
        return lastSyncError;
    }
}
