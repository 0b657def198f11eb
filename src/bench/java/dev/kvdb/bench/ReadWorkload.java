package dev.kvdb.bench;

import java.util.List;

/** Readers of a loaded store, one key after another. Each value that they read is compared with what was written. */
final class ReadWorkload {

    private static final int READS_PER_LOOK = 64;

    private ReadWorkload() {}

    static Outcome run(Run run) throws Exception {
        Parameters parameters = run.parameters();
        Timed timed = new Timed(
                parameters.integer("threads"),
                parameters.number("warmup"),
                parameters.number("measured"),
                READS_PER_LOOK);
        try (Peer peer = run.peer().open(run.options())) {
            Timed.Rate rate = timed.run(thread -> reader(peer, run, thread), run.progress());
            long checked = LoadWorkload.check(peer, run, run.keyCount());
            return new Outcome(
                    peer.settings(),
                    checked,
                    List.of(
                            Figure.higher("rate", "reads/s", rate.perSecond()),
                            Figure.lower("processor time", "us/read", rate.cpuMicros())));
        }
    }

    private static Timed.Operation reader(Peer peer, Run run, int thread) {
        Keys keys = run.keys();
        Values values = run.values();
        long seed = run.seed() + thread + 1;
        KeyChoice choice = run.parameters().flag("zipf")
                ? KeyChoice.zipf(run.keyCount(), seed)
                : KeyChoice.uniform(run.keyCount(), seed);
        return measured -> {
            long key = keys.key(choice.next());
            values.check(key, 0, peer.get(key));
        };
    }
}
