package dev.kvdb.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Opens a loaded store without a cache, reads some of it, and tells how much memory the process has for its own. */
final class MemoryWorkload {

    private static final int COLLECTIONS = 3;
    private static final long PAUSE_MILLIS = 300;

    private MemoryWorkload() {}

    static Outcome run(Run run) throws IOException, InterruptedException {
        try (Peer peer = run.peer().open(run.options())) {
            long checked = LoadWorkload.check(peer, run, run.keyCount());
            for (int i = 0; i < COLLECTIONS; i++) {
                // What is garbage is nobody's memory.
                System.gc();
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
            Runtime heap = Runtime.getRuntime();
            return new Outcome(
                    peer.settings(),
                    checked,
                    List.of(
                            Figure.lower("resident", "bytes", ProcessFigures.residentBytes()),
                            Figure.lower("heap", "bytes", heap.totalMemory() - heap.freeMemory())));
        }
    }
}
