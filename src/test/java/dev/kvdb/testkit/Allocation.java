package dev.kvdb.testkit;

import java.lang.management.ManagementFactory;

/** Tells how much memory code takes, in the thread that runs it. */
public final class Allocation {

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /** Runs something, and answers how many bytes it took from the heap, given back or not. */
    public static long of(Runnable task) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        task.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** Runs something, again where it took more than it may, since the first time may have loaded classes. */
    public static void requireAtMost(long bytesMax, Runnable task) {
        if (of(task) > bytesMax) {
            long bytes = of(task);
            if (bytes > bytesMax) {
                throw new AssertionError(bytes + " bytes allocated, over the limit of " + bytesMax);
            }
        }
    }
}
