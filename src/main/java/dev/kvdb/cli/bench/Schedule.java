package dev.kvdb.cli.bench;

/**
 * When one worker's calls are meant to begin, in nanoseconds from the start of the run. At a rate these moments are
 * fixed in advance, and workers take them in turn; without one a call is meant to begin as soon as there is room for
 * it. For use by one thread.
 */
final class Schedule {

    private static final double NANOS_PER_SECOND = 1e9;

    private final double ratePerSecond;
    private final int workers;
    private long next;

    Schedule(double ratePerSecond, int worker, int workers) {
        this.ratePerSecond = ratePerSecond;
        this.workers = workers;
        this.next = worker;
    }

    boolean isOpenLoop() {
        return ratePerSecond > 0;
    }

    /** When the next call is meant to begin: never before {@code nowNanos} where there is no rate. */
    long nextNanos(long nowNanos) {
        return isOpenLoop() ? startNanos(next) : nowNanos;
    }

    /** The next call has begun. */
    void advance() {
        next += workers;
    }

    /** At a rate: how many calls were meant to begin before a moment and have not. */
    long overdue(long beforeNanos) {
        if (!isOpenLoop() || startNanos(next) >= beforeNanos) {
            return 0;
        }
        return (long) Math.ceil((beforeNanos / NANOS_PER_SECOND * ratePerSecond - next) / workers);
    }

    private long startNanos(long number) {
        return (long) (number / ratePerSecond * NANOS_PER_SECOND);
    }
}
