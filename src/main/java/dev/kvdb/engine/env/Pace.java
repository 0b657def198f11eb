package dev.kvdb.engine.env;

import java.util.function.BooleanSupplier;

/** Holds copying or reading to a number of bytes a second. Belongs to one thread. */
public final class Pace {

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** A cancelled wait ends after so long. */
    private static final long WAIT_NANOS_MAX = NANOS_PER_SECOND / 10;

    private final Clock clock;
    private final long bytesPerSecondMax;
    private final BooleanSupplier cancelled;
    private final long startNanos;
    private long bytes;

    /**
     * @param clock tells and passes the time
     * @param bytesPerSecondMax 0 for no limit
     * @param cancelled ends a wait
     */
    public Pace(Clock clock, long bytesPerSecondMax, BooleanSupplier cancelled) {
        this.clock = clock;
        this.bytesPerSecondMax = bytesPerSecondMax;
        this.cancelled = cancelled;
        this.startNanos = clock.nanoTime();
    }

    /** Waits until so many bytes more may be moved, or until it is cancelled. */
    public void await(long moreBytes) {
        if (bytesPerSecondMax == 0) {
            return;
        }
        bytes += moreBytes;
        long dueNanos = (long) ((double) bytes / bytesPerSecondMax * NANOS_PER_SECOND);
        boolean interrupted = false;
        while (!cancelled.getAsBoolean()) {
            long aheadNanos = dueNanos - (clock.nanoTime() - startNanos);
            if (aheadNanos <= 0) {
                break;
            }
            // An interrupt that stays set would let no wait last.
            interrupted |= Thread.interrupted();
            clock.parkNanos(Math.min(aheadNanos, WAIT_NANOS_MAX));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
