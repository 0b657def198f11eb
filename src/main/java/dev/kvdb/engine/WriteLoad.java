package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Tells load from a pause: whether lately more than a trickle was written, a MiB a second over two seconds or more. A
 * store that nobody writes to for so long is at rest.
 *
 * <p>Safe for use by several threads.
 */
final class WriteLoad {

    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long WINDOW_NANOS = 2 * NANOS_PER_SECOND;
    private static final double BYTES_PER_SECOND = 1 << 20;

    private final Clock clock;
    private final LongSupplier writtenBytes;

    private long startNanos;
    private long startBytes;
    private boolean busy;

    /** @param writtenBytes what clients have written so far */
    WriteLoad(Clock clock, LongSupplier writtenBytes) {
        this.clock = clock;
        this.writtenBytes = writtenBytes;
        this.startNanos = clock.nanoTime();
        this.startBytes = writtenBytes.getAsLong();
    }

    /** Whether writes are coming in. Each call is a look; without any, it does not learn of a pause. */
    synchronized boolean isBusy() {
        long now = clock.nanoTime();
        long bytes = writtenBytes.getAsLong();
        long elapsedNanos = now - startNanos;
        double busyBytes = BYTES_PER_SECOND * Math.max(elapsedNanos, WINDOW_NANOS) / NANOS_PER_SECOND;
        boolean more = bytes - startBytes >= busyBytes;
        if (more || elapsedNanos >= WINDOW_NANOS) {
            busy = more;
            startNanos = now;
            startBytes = bytes;
        }
        return busy;
    }
}
