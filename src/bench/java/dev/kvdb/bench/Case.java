package dev.kvdb.bench;

import java.util.List;

/**
 * One thing to measure of several stores.
 *
 * @param word the workload's name on the command line
 * @param name the word and what tells it from others of that word; unique
 * @param workload what the child process does
 * @param setup what it finds
 * @param parameters what it is told, but for peer and directory
 * @param peers the stores it makes sense for; none where the machine itself is measured
 */
record Case(String word, String name, Workload workload, Setup setup, Parameters parameters, List<PeerKind> peers) {

    /** What a measurement finds in its directory. */
    enum Setup {
        /** Nothing. */
        EMPTY,
        /**
         * A loaded store, which was quiet, and was opened and closed again since. All rounds use the same one: their
         * opens may change its files (logs, snapshots), not its values.
         */
        LOADED,
        /** A copy of a loaded store, as its load left it. */
        COPY,
    }

    /** Bytes of keys and values of the case's store. */
    long dataBytes() {
        return parameters.number("keys") * (Long.BYTES + parameters.number("value"));
    }

    /** What the store that the case is about has to hold; equal where cases can share it. */
    String dataset() {
        return setup
                + List.of("keys", "value", "dense", "seed", "killed", "cache").stream()
                        .map(name -> name + "=" + parameters.text(name))
                        .toList()
                        .toString();
    }
}
