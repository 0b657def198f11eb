package dev.kvdb.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
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
        OptionalLong countedBefore = peer.bytesWritten();
        double seconds;
        double cpuMicros;
        long peakBytes;
        double live = run.dataBytes(put.length);
        List<Curve> curves = new ArrayList<>();
        try (SizeWatch size = SizeWatch.of(peer::diskBytes)) {
            double cpuBefore = ProcessFigures.cpuMicros();
            long start = System.nanoTime();
            update();
            seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
            cpuMicros = ProcessFigures.cpuMicros() - cpuBefore;
            curves.add(size.take("space under updates", live));
            SettleWorkload.settle(peer, run);
            curves.add(size.take("space while settling", live));
            peakBytes = size.largestBytes();
        }
        double written = ProcessFigures.writtenBytes() - writtenBefore;
        OptionalLong counted = peer.bytesWritten();
        long settledBytes = peer.diskBytes();
        long checked = reads + checkAll();
        List<Figure> figures = new ArrayList<>();
        figures.add(Figure.higher("rate", "ops/s", (puts + reads) / seconds));
        figures.add(Figure.lower("processor time", "us/op", cpuMicros / (puts + reads)));
        figures.add(Figure.lower("write amplification, pages", "bytes/byte", written / run.dataBytes(puts)));
        if (countedBefore.isPresent() && counted.isPresent()) {
            double own = counted.getAsLong() - countedBefore.getAsLong();
            figures.add(Figure.lower("write amplification, own count", "bytes/byte", own / run.dataBytes(puts)));
        }
        figures.add(Figure.lower("space at the peak", "bytes/byte", peakBytes / live));
        figures.add(Figure.lower("space settled", "bytes/byte", settledBytes / live));
        figures.add(latency("p50", putNanos.getValueAtPercentile(50)));
        figures.add(latency("p99.9", putNanos.getValueAtPercentile(99.9)));
        figures.add(latency("max", putNanos.getMaxValue()));
        curves.add(Curve.ofPercentiles("latency of puts", putNanos));
        return new Outcome(peer.settings(), checked, figures, curves);
    }

    /** Of kvdb with many puts under way it is a wait in a queue too, of the others that of a call. */
    private Figure latency(String name, long nanos) {
        return Figure.lower("put " + name, "us", nanos / NANOS_PER_MICRO).comparable(run.peer() != PeerKind.KVDB);
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

    private long checkAll() {
        for (int number = 0; number < put.length; number++) {
            long key = keys.key(number);
            values.check(key, put[number], peer.get(key));
        }
        return put.length;
    }
}
