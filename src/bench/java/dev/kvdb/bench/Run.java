package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * One measurement in a child process, as its workload sees it.
 *
 * @param parameters what was asked for
 * @param progress is told how much is done
 */
record Run(Parameters parameters, Progress progress) {

    /** Is told how much of the work is done, as often as one likes. */
    interface Progress {

        /** A share from 0 to 1. */
        void reached(double share);
    }

    PeerKind peer() {
        return PeerKind.ofWord(parameters.text("peer"));
    }

    Path directory() {
        return Path.of(parameters.text("directory"));
    }

    long keyCount() {
        return parameters.number("keys");
    }

    long seed() {
        return parameters.number("seed");
    }

    Keys keys() {
        return new Keys(seed(), parameters.flag("dense"));
    }

    Values values() {
        return new Values(seed(), parameters.integer("value"));
    }

    /** Bytes of the keys and values of so many keys. */
    long dataBytes(long count) {
        return count * (Long.BYTES + parameters.integer("value"));
    }

    PeerOptions options() {
        return new PeerOptions(directory(), false, parameters.number("cache"), dataBytes(keyCount()), false);
    }

    /** A directory for what only warms up, beside the measured one. */
    Path warmUpDirectory() {
        return directory().resolveSibling(directory().getFileName() + "-warm-up");
    }

    /** Deletes it, and syncs, so that nothing of it is written while something is measured. */
    void deleteWarmUp() throws IOException, InterruptedException {
        Path warmUp = warmUpDirectory();
        DataFiles.delete(warmUp);
        DataFiles.syncFileSystem(Objects.requireNonNull(warmUp.getParent(), "parent of " + warmUp));
    }
}
