package dev.kvdb.bench;

import java.io.IOException;
import java.util.List;

/**
 * Fills a store for a later measurement, and closes it once it is quiet, or leaves it at once as a kill would. Measures
 * nothing.
 */
final class LoadWorkload {

    static final Runnable NO_CALL = () -> {};

    private static final int KEYS_PER_REPORT = 1 << 12;

    private LoadWorkload() {}

    static Outcome run(Run run) throws IOException, InterruptedException {
        Peer peer = run.peer().open(run.options());
        fill(peer, run, run.keyCount());
        if (!run.parameters().flag("killed")) {
            SettleWorkload.settle(peer, run);
            peer.close();
        }
        return new Outcome(peer.settings(), 0, List.of());
    }

    /** Puts the first so many keys, and returns once all are acknowledged. */
    static void fill(Peer peer, Run run, long count) {
        Keys keys = run.keys();
        Values values = run.values();
        for (long number = 0; number < count; number++) {
            long key = keys.key(number);
            peer.put(key, values.make(key, 0), NO_CALL);
            if (number % KEYS_PER_REPORT == 0) {
                run.progress().reached((double) number / count);
            }
        }
        peer.awaitWrites();
    }

    /** Reads some of the first so many keys, all where there are few, and returns how many. */
    static long check(Peer peer, Run run, long count) {
        Keys keys = run.keys();
        Values values = run.values();
        long step = Math.max(1, count / run.parameters().number("checked"));
        long checked = 0;
        for (long number = 0; number < count; number += step) {
            long key = keys.key(number);
            values.check(key, 0, peer.get(key));
            checked++;
        }
        return checked;
    }
}
