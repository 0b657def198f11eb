package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Opens a loaded store, up to and with the first value read. Small stores are opened before, so that what a process
 * does once (loading classes and libraries) is not counted.
 */
final class OpenWorkload {

    private static final double MICROS_PER_MILLI = TimeUnit.MILLISECONDS.toMicros(1);
    private static final int WARM_UPS = 5;
    private static final int WARM_UP_KEYS = 10_000;

    private OpenWorkload() {}

    static Outcome run(Run run) throws IOException, InterruptedException {
        warmUp(run);
        long key = run.keys().key(run.keyCount() - 1);
        double cpuBefore = ProcessFigures.cpuMicros();
        long start = System.nanoTime();
        try (Peer peer = run.peer().open(run.options())) {
            byte[] value = peer.get(key);
            double millis = (System.nanoTime() - start) / (double) TimeUnit.MILLISECONDS.toNanos(1);
            double cpuMillis = (ProcessFigures.cpuMicros() - cpuBefore) / MICROS_PER_MILLI;
            run.values().check(key, 0, value);
            return new Outcome(
                    peer.settings(),
                    LoadWorkload.check(peer, run, run.keyCount()),
                    List.of(Figure.lower("open", "ms", millis), Figure.lower("processor time", "ms", cpuMillis)));
        }
    }

    private static void warmUp(Run run) throws IOException, InterruptedException {
        Path directory = run.warmUpDirectory();
        long count = Math.min(WARM_UP_KEYS, run.keyCount());
        PeerOptions options =
                new PeerOptions(directory, false, run.options().cacheBytes(), run.dataBytes(count), false);
        for (int i = 0; i < WARM_UPS; i++) {
            try (Peer peer = run.peer().open(options)) {
                if (i == 0) {
                    LoadWorkload.fill(peer, run, count);
                }
                LoadWorkload.check(peer, run, count);
            }
        }
        run.deleteWarmUp();
    }
}
