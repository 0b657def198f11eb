package dev.kvdb.bench;

import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * One thread reads and rewrites the keys of a loaded store in equal parts, until the data has been rewritten 5.5 times,
 * not synced; then the store is left alone until it is quiet. Counts what is written from the first rewrite until then.
 */
final class UpdateWorkload {

    private static final double REWRITES = 5.5;
    private static final double NANOS_PER_MICRO = TimeUnit.MICROSECONDS.toNanos(1);
    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final int OPERATIONS_PER_REPORT = 1 << 10;
    private static final long LOOK_MILLIS = 100;

    private final Run run;
    private final Peer peer;
    private final Keys keys;
    private final Values values;
    /** Of each key: the newest generation that was put. */
    private final int[] put;
    /** Of each key: a generation that was acknowledged, seldom not the newest one. */
    private final int[] acknowledged;

    private final Histogram putNanos = new ConcurrentHistogram(3);
    private long puts;
    private long reads;

    private UpdateWorkload(Run run, Peer peer) {
        this.run = run;
        this.peer = peer;
        this.keys = run.keys();
        this.values = run.values();
        this.put = new int[Math.toIntExact(run.keyCount())];
        this.acknowledged = new int[put.length];
    }

    static Outcome run(Run run) throws Exception {
        PeerOptions options = new PeerOptions(
                run.directory(), false, run.parameters().number("cache"), run.dataBytes(run.keyCount()), true);
        try (Peer peer = run.peer().open(options)) {
            LoadWorkload.fill(peer, run, run.keyCount());
            return new UpdateWorkload(run, peer).measure();
        }
    }

    private Outcome measure() throws Exception {
        long writtenBefore = ProcessFigures.writtenBytes();
        double seconds;
        double cpuMicros;
        long peakBytes;
        try (PeakSize peak = PeakSize.watch(peer)) {
            double cpuBefore = ProcessFigures.cpuMicros();
            long start = System.nanoTime();
            update();
            seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
            cpuMicros = ProcessFigures.cpuMicros() - cpuBefore;
            settle();
            peakBytes = peak.bytes();
        }
        double written = ProcessFigures.writtenBytes() - writtenBefore;
        double live = run.dataBytes(put.length);
        long settledBytes = peer.diskBytes();
        long checked = reads + checkAll();
        return new Outcome(
                peer.settings(),
                checked,
                List.of(
                        Figure.higher("rate", "ops/s", (puts + reads) / seconds),
                        Figure.lower("processor time", "us/op", cpuMicros / (puts + reads)),
                        Figure.lower("write amplification", "bytes/byte", written / run.dataBytes(puts)),
                        Figure.lower("space at the peak", "bytes/byte", peakBytes / live),
                        Figure.lower("space settled", "bytes/byte", settledBytes / live),
                        Figure.lower("put p50", "us", putNanos.getValueAtPercentile(50) / NANOS_PER_MICRO),
                        Figure.lower("put p99.9", "us", putNanos.getValueAtPercentile(99.9) / NANOS_PER_MICRO),
                        Figure.lower("put max", "us", putNanos.getMaxValue() / NANOS_PER_MICRO)));
    }

    private void update() {
        long operations = (long) (2 * REWRITES * put.length);
        KeyChoice choice = run.parameters().flag("zipf")
                ? KeyChoice.zipf(put.length, run.seed())
                : KeyChoice.uniform(put.length, run.seed());
        SplittableRandom coin = new SplittableRandom(run.seed());
        for (long i = 0; i < operations; i++) {
            int number = (int) choice.next();
            if (coin.nextBoolean()) {
                put(number);
            } else {
                read(number);
            }
            if (i % OPERATIONS_PER_REPORT == 0) {
                run.progress().reached((double) i / operations);
            }
        }
        peer.awaitWrites();
    }

    private void put(int number) {
        int generation = ++put[number];
        long key = keys.key(number);
        byte[] value = values.make(key, generation);
        long start = System.nanoTime();
        peer.put(key, value, () -> {
            putNanos.recordValue(System.nanoTime() - start);
            acknowledged[number] = generation;
        });
        puts++;
    }

    private void read(int number) {
        int atLeast = acknowledged[number];
        long key = keys.key(number);
        byte[] value = peer.get(key);
        int generation = put[number];
        while (generation > atLeast && !values.matches(key, generation, value)) {
            generation--;
        }
        values.check(key, generation, value);
        reads++;
    }

    /** Returns once neither the store's size nor what it has written has changed for a while. */
    private void settle() throws IOException, InterruptedException {
        long quietNanos = run.parameters().number("quiet");
        long latest = System.nanoTime() + run.parameters().number("settle");
        long changed = System.nanoTime();
        long size = -1;
        long written = -1;
        while (System.nanoTime() - changed < quietNanos && System.nanoTime() < latest) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            long sizeNow = peer.diskBytes();
            long writtenNow = ProcessFigures.writtenBytes();
            if (sizeNow != size || writtenNow != written) {
                size = sizeNow;
                written = writtenNow;
                changed = System.nanoTime();
            }
        }
    }

    private long checkAll() {
        for (int number = 0; number < put.length; number++) {
            long key = keys.key(number);
            values.check(key, put[number], peer.get(key));
        }
        return put.length;
    }
}
