package dev.kvdb.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Writers that each put one new key after another and wait until it is on disk. The store is read after a reopen. */
final class DurableWorkload {

    /** Numbers of keys that a writer has for itself. */
    private static final long NUMBERS_PER_WRITER = 1L << 32;

    private static final double NANOS_PER_MICRO = TimeUnit.MICROSECONDS.toNanos(1);

    private DurableWorkload() {}

    /** One thread. */
    private static final class Writer implements Timed.Operation {

        private final Peer peer;
        private final Keys keys;
        private final Values values;
        private final long first;
        private final Histogram nanos = new Histogram(3);
        private long written;

        Writer(Peer peer, Run run, int thread) {
            this.peer = peer;
            this.keys = run.keys();
            this.values = run.values();
            this.first = thread * NUMBERS_PER_WRITER;
        }

        @Override
        public void run(boolean measured) {
            long key = keys.key(first + written);
            byte[] value = values.make(key, 0);
            long start = System.nanoTime();
            peer.putDurable(key, value);
            if (measured) {
                nanos.recordValue(System.nanoTime() - start);
            }
            written++;
        }

        long check(Peer reopened) {
            for (long number = first; number < first + written; number++) {
                long key = keys.key(number);
                values.check(key, 0, reopened.get(key));
            }
            return written;
        }
    }

    static Outcome run(Run run) throws Exception {
        Parameters parameters = run.parameters();
        PeerOptions options = new PeerOptions(
                run.directory(), true, parameters.number("cache"), run.dataBytes(run.keyCount()), false);
        Timed timed =
                new Timed(parameters.integer("threads"), parameters.number("warmup"), parameters.number("measured"), 1);
        List<Writer> writers = new ArrayList<>();
        Timed.Rate rate;
        String settings;
        try (Peer peer = run.peer().open(options)) {
            settings = peer.settings();
            rate = timed.run(
                    thread -> {
                        Writer writer = new Writer(peer, run, thread);
                        writers.add(writer);
                        return writer;
                    },
                    run.progress());
        }
        Histogram nanos = new Histogram(3);
        writers.forEach(writer -> nanos.add(writer.nanos));
        return new Outcome(
                settings,
                check(run, options, writers),
                List.of(
                        Figure.higher("rate", "puts/s", rate.perSecond()),
                        Figure.lower("processor time", "us/put", rate.cpuMicros()),
                        Figure.lower("p50", "us", nanos.getValueAtPercentile(50) / NANOS_PER_MICRO),
                        Figure.lower("p99.9", "us", nanos.getValueAtPercentile(99.9) / NANOS_PER_MICRO)),
                List.of(Curve.ofPercentiles("latency of puts", nanos)));
    }

    private static long check(Run run, PeerOptions options, List<Writer> writers) throws IOException {
        try (Peer peer = run.peer().open(options)) {
            return writers.stream().mapToLong(writer -> writer.check(peer)).sum();
        }
    }
}
