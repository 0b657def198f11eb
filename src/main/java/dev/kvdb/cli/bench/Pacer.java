package dev.kvdb.cli.bench;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Wakes the workers whenever calls of theirs are due, to within what the system's timers give (an event loop by itself
 * wakes to the millisecond). Owns one thread.
 */
final class Pacer implements AutoCloseable {

    private final Schedule schedule;
    private final List<Worker> workers;
    private final LongSupplier clock;
    private final Thread thread;
    private volatile boolean isClosed;

    Pacer(double ratePerSecond, List<Worker> workers, LongSupplier clock) {
        this.schedule = new Schedule(ratePerSecond, 0, 1);
        this.workers = List.copyOf(workers);
        this.clock = clock;
        thread = new Thread(this::run, "kvdb-bench-pacer");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        int worker = 0;
        while (!isClosed) {
            long now = clock.getAsLong();
            long next = schedule.nextNanos(now);
            if (next > now) {
                LockSupport.parkNanos(this, next - now);
                continue;
            }
            // One wake-up is enough, however many of its calls are due.
            for (int due = 0; due < workers.size() && schedule.nextNanos(now) <= now; due++) {
                schedule.advance();
                workers.get(worker).wake();
                worker = worker + 1 == workers.size() ? 0 : worker + 1;
            }
            while (schedule.nextNanos(now) <= now) {
                schedule.advance();
                worker = worker + 1 == workers.size() ? 0 : worker + 1;
            }
        }
    }

    /** No worker is woken after this. */
    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
