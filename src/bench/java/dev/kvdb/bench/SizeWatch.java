package dev.kvdb.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Looks at a store's size several times a second, keeps the largest, and how it went. */
final class SizeWatch implements AutoCloseable {

    private static final long LOOK_MILLIS = 50;
    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier size;
    private final long startNanos = System.nanoTime();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final Future<?> looking;
    /** Seconds since the start, and bytes, since the last curve was taken. */
    private List<Curve.Point> looks = new ArrayList<>();

    private long largest;

    private SizeWatch(LongSupplier size) {
        this.size = size;
        look();
        this.looking = thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** @param size tells the bytes of the store's files, in another thread too */
    static SizeWatch of(LongSupplier size) {
        return new SizeWatch(size);
    }

    private synchronized void look() {
        long bytes = size.getAsLong();
        largest = Math.max(largest, bytes);
        looks.add(new Curve.Point((System.nanoTime() - startNanos) / NANOS_PER_SECOND, bytes));
    }

    private void lookAgain() {
        if (looking.isDone()) {
            throw new IllegalStateException("the store's size could not be told");
        }
        look();
    }

    /** The largest size so far. */
    synchronized long largestBytes() {
        lookAgain();
        return largest;
    }

    /**
     * The size since the last curve was taken, over the seconds since the watch began.
     *
     * @param name of the curve
     * @param dataBytes of the live keys and values, by which the sizes are divided
     */
    synchronized Curve take(String name, double dataBytes) {
        lookAgain();
        List<Curve.Point> points = looks.stream()
                .map(look -> new Curve.Point(look.x(), look.y() / dataBytes))
                .toList();
        looks = new ArrayList<>();
        return new Curve(name, "s", "bytes/byte", Curve.largestOf(points));
    }

    @Override
    public void close() throws InterruptedException {
        thread.shutdown();
        if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
            throw new IllegalStateException("the store's size was not told within a minute");
        }
    }
}
