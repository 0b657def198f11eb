package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.PlantedBug;
import dev.kvdb.testkit.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plants bugs in the packaged server, one at a time, and requires that an abuse brings each to light. */
class AbuseMutantsIT {

    /** A server with a bug is waited for in vain. */
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    @TempDir
    Path work;

    /**
     * A bug, and who finds it.
     *
     * @param bug what is changed
     * @param abuse what it must show in, or in what is left behind
     * @param shows what the failure says then
     */
    record Mutant(PlantedBug bug, Abuse abuse, String shows) {

        @Override
        public String toString() {
            return bug.name();
        }
    }

    /** An abuse. */
    private interface Abuse {
        void by(RpcAbuseIT tests) throws Exception;
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void serverWithAMutant_isFoundByAnAbuse(Mutant mutant) throws Exception {
        try (ServerProcess server = ServerProcess.startWithABug(
                mutant.bug,
                work.resolve("classes"),
                AbusedServer.JAVA_OPTIONS,
                work.resolve("database"),
                AbusedServer.CONFIGURATION)) {
            AbusedServer.abuse(server, PATIENCE);
            try {
                assertThatThrownBy(() -> abuse(mutant.abuse))
                        .as("mutant '%s' lives", mutant)
                        .hasStackTraceContaining(mutant.shows)
                        .satisfies(found -> System.out.println("mutant '" + mutant + "' found: " + found));
            } finally {
                AbusedServer.wellBehaved.close();
            }
        }
    }

    @Test
    void serverWithoutAMutant_withstandsThem() throws Exception {
        try (ServerProcess server = ServerProcess.startWithABug(
                new PlantedBug("none", List.of()),
                work.resolve("classes"),
                AbusedServer.JAVA_OPTIONS,
                work.resolve("database"),
                AbusedServer.CONFIGURATION)) {
            AbusedServer.abuse(server, PATIENCE);
            try {
                for (Mutant mutant : mutants().toList()) {
                    abuse(mutant.abuse);
                }
            } finally {
                AbusedServer.wellBehaved.close();
            }
        }
    }

    /** One test with the checks around it. */
    private static void abuse(Abuse abuse) throws Exception {
        RpcAbuseIT tests = new RpcAbuseIT();
        tests.noteWhatThereIs();
        abuse.by(tests);
        tests.nothingIsLeft();
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                new Mutant(
                        PlantedBug.of(
                                "value of a byte more than the limit taken",
                                "engine/LogStructuredStore.java",
                                "if (value.length > options.valueBytesMax()) {",
                                "if (value.length > options.valueBytesMax() + 1) {"),
                        RpcAbuseIT::valuesAroundTheLimit_areTakenUpToIt,
                        "refusal of a byte too much"),
                new Mutant(
                        PlantedBug.of(
                                "stack traces of what clients do wrong logged",
                                "server/FrameworkNoiseFilter.java",
                                "return !isClientFault(thrown);",
                                "return true;"),
                        RpcAbuseIT::malformedMessages_areRefused,
                        "not to contain:\n  \"\tat"),
                new Mutant(
                        PlantedBug.of(
                                "calls of clients that have gone stay in flight",
                                "server/grpc/CallInterceptor.java",
                                "            call.left();\n            super.onCancel();",
                                "            super.onCancel();"),
                        RpcAbuseIT::thousandsOfIdleStreams_harmNobody,
                        "kvdb_calls_in_flight 0.0"));
    }
}
