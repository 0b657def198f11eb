package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.gc.CollectionOperations;
import dev.kvdb.engine.index.IndexOperations;
import dev.kvdb.engine.log.PinOperations;
import dev.kvdb.testkit.InterleavedOperations;
import dev.kvdb.testkit.Interleavings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Index, pins of segments, and a collection beside writes and reads through the cache, in the interleavings that
 * Lincheck makes up; then the same with bugs planted, each of which it must find. The scenarios are the same in each
 * run: more of them, or more interleavings of each, is what finds more.
 */
class InterleavingsTest {

    private static final Interleavings INTERLEAVINGS = new Interleavings(
            Integer.getInteger("kvdb.interleavings.scenarios", 10), Integer.getInteger("kvdb.interleavings", 100));

    private static final Map<String, Class<? extends InterleavedOperations>> OPERATIONS = Map.of(
            "one leaf", IndexOperations.OneLeaf.class,
            "full leaf", IndexOperations.FullLeaf.class,
            "pins", PinOperations.class,
            "collection", CollectionOperations.class);

    @TempDir
    Path directory;

    @Test
    void operationsThatMeet_giveWhatSomeOrderOfThemWouldGive() throws Exception {
        String printed = INTERLEAVINGS.check(List.copyOf(OPERATIONS.values()), Map.of(), directory);
        System.out.println(printed);
        for (Class<?> operations : OPERATIONS.values()) {
            assertThat(printed).contains(operations.getName() + ": ");
        }
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void engineWithAMutant_isFound(Mutant mutant) throws Exception {
        Class<? extends InterleavedOperations> operations = OPERATIONS.get(mutant.scenario());
        Map<String, byte[]> mutated = mutant.compile();
        assertThatThrownBy(() -> INTERLEAVINGS.check(List.of(operations), mutated, directory))
                .as("mutant '%s' lives", mutant)
                .isInstanceOf(AssertionError.class)
                .satisfies(found -> System.out.println("mutant '" + mutant + "' found: "
                        + found.getMessage().lines().findFirst().orElse("")));
    }

    /** A mutant counts as found by what the operations answered; a hang may be the machine's, or Lincheck's. */
    @Test
    void operationsThatHang_areNoMutantFound() throws Exception {
        Map<String, byte[]> hanging = Mutant.of(
                        "lock of the writers not given back",
                        "one leaf",
                        "index/Tree.java",
                        "return lock;",
                        "lock.lock();\n        return lock;")
                .compile();
        assertThatThrownBy(() -> INTERLEAVINGS.check(List.of(OPERATIONS.get("one leaf")), hanging, directory))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("= The execution has hung =");
    }

    static Stream<Mutant> mutants() {
        return Stream.concat(mutantsOfTheIndex(), mutantsOfSegments());
    }

    private static Stream<Mutant> mutantsOfTheIndex() {
        return Stream.of(
                Mutant.of(
                        "entry of a leaf read while it is written",
                        "one leaf",
                        "index/Leaf.java",
                        "return (stamp & 1) == 0 && stamp == (long) VERSION.getOpaque(this);",
                        "return true;"),
                Mutant.of(
                        "left half of a split leaf linked before the right one",
                        "full leaf",
                        "index/OrderedIndex.java",
                        "        tree.splitLeaf(path, scratch.toLeaf(0, cut), separator,",
                        "        tree.replaceLeaf(path, scratch.toLeaf(0, cut));\n"
                                + "        tree.splitLeaf(path, scratch.toLeaf(0, cut), separator,"));
    }

    private static Stream<Mutant> mutantsOfSegments() {
        String segment = "log/Segment.java";
        return Stream.of(
                Mutant.of(
                                "segment pinned after it was retired",
                                "pins",
                                segment,
                                "        while (!retiring) {",
                                "        while (pins != null) {")
                        .and(segment, "if (retiring || pins.get() != PARKED) {", "if (pins.get() != PARKED) {")
                        .and(segment, "            pins.compareAndSet(PARKED, RETIRED);\n", ""),
                Mutant.of(
                        "file closed under a reader",
                        "pins",
                        segment,
                        "        if (!pins.compareAndSet(0, next)) {\n            return false;\n        }\n",
                        "        if (pins.get() != 0) {\n            return false;\n        }\n"
                                + "        pins.set(next);\n"),
                Mutant.collectedCopyReplacesANewerValue("collection"));
    }
}
