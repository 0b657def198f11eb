package dev.kvdb.engine;

import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.stream.Stream;

/**
 * Something that is wrong with a {@link ForgedStore} though all checksums are right, so that one check of a
 * verification alone can find it.
 *
 * @param name what is wrong
 * @param forging makes it so, and answers at which offset it is to be found
 * @param kind as what
 * @param file in which file
 * @param message what the finding says, in part
 */
record Forgery(String name, Forging forging, Finding.Kind kind, String file, String message) {

    /** Makes something wrong, and answers at which offset it is. */
    @FunctionalInterface
    interface Forging {
        long in(ForgedStore store);
    }

    @Override
    public String toString() {
        return name;
    }

    /** Demands that this is found, and nothing else. */
    void requireFound() {
        ForgedStore store = new ForgedStore();
        long offset = forging.in(store);
        VerificationReport report = VerificationScenario.verify(store.disk);
        boolean isFound = report.findings().size() == 1
                && report.findingsTotal() == 1
                && report.findings().get(0).kind() == kind
                && report.findings().get(0).file().equals(store.disk.path(file).toString())
                && report.findings().get(0).offset() == offset
                && report.findings().get(0).message().contains(message);
        if (!isFound) {
            throw new AssertionError(
                    name + ", to be found at offset " + offset + " as '" + message + "': " + report.findings());
        }
    }

    static Stream<Forgery> all() {
        return Stream.concat(SegmentForgeries.all(), CacheForgeries.all());
    }
}
