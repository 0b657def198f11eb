package dev.kvdb.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Opens a loaded store, waits until it is quiet, and closes it: what a store makes up for at its first open (a log to
 * replay, files to compact) is then no part of the first measurement. Measures nothing.
 */
final class SettleWorkload {

    private static final long LOOK_MILLIS = 100;

    private SettleWorkload() {}

    static Outcome run(Run run) throws IOException, InterruptedException {
        try (Peer peer = run.peer().open(run.options())) {
            settle(peer, run);
            return new Outcome(peer.settings(), 0, List.of());
        }
    }

    /** Returns once neither the store's size nor what it has written has changed for a while. */
    static void settle(Peer peer, Run run) throws IOException, InterruptedException {
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
}
