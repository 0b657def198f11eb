package dev.kvdb.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Threads that do one operation after another: first to warm up, then measured.
 *
 * @param threads how many
 * @param warmUpNanos how long they warm up
 * @param measuredNanos how long they are measured
 * @param operationsPerLook how many operations are done between two looks at the clock
 */
record Timed(int threads, long warmUpNanos, long measuredNanos, int operationsPerLook) {

    /** One thread's operation. Closed by the thread itself. */
    interface Operation {

        /** Does it once. */
        void run(boolean measured) throws Exception;
    }

    /** Makes the operation of each thread. */
    interface Operations {

        Operation of(int thread);
    }

    /**
     * What was measured.
     *
     * @param perSecond operations a second, all threads together
     * @param cpuMicros processor time of the whole process, per operation
     */
    record Rate(double perSecond, double cpuMicros) {

        private Rate plus(Rate other) {
            return new Rate(perSecond + other.perSecond, cpuMicros + other.cpuMicros);
        }
    }

    /** Runs the threads to their end. */
    Rate run(Operations operations, Run.Progress progress) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        AtomicBoolean failed = new AtomicBoolean();
        try {
            List<Future<Rate>> rates = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                Operation operation = operations.of(thread);
                Run.Progress told = thread == 0 ? progress : share -> {};
                rates.add(pool.submit(() -> loop(operation, failed, told)));
            }
            // Of a thread: operations, and processor time of all threads, each in a second of its own window.
            Rate sum = new Rate(0, 0);
            for (Future<Rate> rate : rates) {
                sum = sum.plus(rate.get());
            }
            return new Rate(sum.perSecond, sum.cpuMicros / threads / sum.perSecond);
        } catch (ExecutionException e) {
            throw new IllegalStateException("an operation failed: " + e.getCause(), e);
        } finally {
            pool.shutdown();
        }
    }

    private Rate loop(Operation operation, AtomicBoolean failed, Run.Progress progress) throws Exception {
        boolean done = false;
        try {
            long start = System.nanoTime();
            long now = start;
            while (now - start < warmUpNanos && !failed.get()) {
                for (int i = 0; i < operationsPerLook; i++) {
                    operation.run(false);
                }
                now = System.nanoTime();
                progress.reached((double) (now - start) / (warmUpNanos + measuredNanos));
            }
            long measuredFrom = now;
            double cpuBefore = ProcessFigures.cpuMicros();
            long count = 0;
            while (now - measuredFrom < measuredNanos && !failed.get()) {
                for (int i = 0; i < operationsPerLook; i++) {
                    operation.run(true);
                }
                count += operationsPerLook;
                now = System.nanoTime();
                progress.reached((double) (now - start) / (warmUpNanos + measuredNanos));
            }
            done = true;
            double seconds = (now - measuredFrom) / (double) TimeUnit.SECONDS.toNanos(1);
            return new Rate(count / seconds, (ProcessFigures.cpuMicros() - cpuBefore) / seconds);
        } finally {
            if (!done) {
                failed.set(true);
            }
        }
    }
}
