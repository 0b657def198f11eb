package dev.kvdb.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Puts keys into an empty store from one thread, not synced, until all are acknowledged. A store that is thrown away
 * warms the code up first.
 */
final class FillWorkload {

    private static final int REMOVED = 100;

    private FillWorkload() {}

    static Outcome run(Run run) throws IOException, InterruptedException {
        warmUp(run);
        long count = run.keyCount();
        try (Peer peer = run.peer().open(run.options())) {
            long writtenBefore = ProcessFigures.writtenBytes();
            double cpuBefore = ProcessFigures.cpuMicros();
            long start = System.nanoTime();
            LoadWorkload.fill(peer, run, count);
            double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
            double cpuMicros = ProcessFigures.cpuMicros() - cpuBefore;
            long written = ProcessFigures.writtenBytes() - writtenBefore;
            long checked = LoadWorkload.check(peer, run, count) + checkRemoves(peer, run);
            double data = run.dataBytes(count);
            return new Outcome(
                    peer.settings(),
                    checked,
                    List.of(
                            Figure.higher("rate", "puts/s", count / seconds),
                            Figure.lower("processor time", "us/put", cpuMicros / count),
                            Figure.lower("written", "bytes/byte", written / data),
                            Figure.lower("on disk", "bytes/byte", peer.diskBytes() / data)));
        }
    }

    private static void warmUp(Run run) throws IOException, InterruptedException {
        long nanos = run.parameters().number("warmup");
        PeerOptions options = run.options();
        PeerOptions elsewhere = new PeerOptions(
                run.warmUpDirectory(), options.durable(), options.cacheBytes(), options.dataBytes(), options.updated());
        Keys keys = run.keys();
        Values values = run.values();
        try (Peer peer = run.peer().open(elsewhere)) {
            long start = System.nanoTime();
            for (long number = 0; number < run.keyCount() && System.nanoTime() - start < nanos; number++) {
                long key = keys.key(number);
                peer.put(key, values.make(key, 0), LoadWorkload.NO_CALL);
            }
            peer.awaitWrites();
        }
        run.deleteWarmUp();
    }

    /** Removes the first few keys and reads them. */
    private static long checkRemoves(Peer peer, Run run) {
        long count = Math.min(REMOVED, run.keyCount() / 2);
        for (long number = 0; number < count; number++) {
            long key = run.keys().key(number);
            peer.remove(key);
            byte[] value = peer.get(key);
            if (value != null) {
                throw WrongValueException.removed(key, value);
            }
        }
        return count;
    }
}
