package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Options;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * Runs {@link InterleavedOperations} with Lincheck, in a Java of their own: Lincheck rewrites loaded classes, those of
 * the Java platform too, and keeps them by name, so that a class with a planted bug would be taken for the one without;
 * and what JaCoCo's agent puts into a class would be more memory that threads share.
 *
 * <p>First the model checker switches threads itself, at accesses to shared memory, and follows the memory model no
 * further than that a thread sees what others wrote. Then the same scenarios run in threads that the machine switches.
 * Lincheck makes up the scenarios from a seed that is always the same, so that a failure comes again.
 */
public final class Interleavings {

    /** Steps of a loop after which the model checker takes it for endless; the longest go over a leaf's entries. */
    private static final int LOOP_MAX = 1024;

    /** Only so that an interleaving that hangs is told by its threads; by default a busy machine is taken for that. */
    private static final long HANGS_MILLIS = 300_000;

    /** The other Java is taken to hang after so long, and so much longer for each interleaving that it tries. */
    private static final long LIMIT_MILLIS = 600_000;

    private static final long LIMIT_MILLIS_PER_INTERLEAVING = 50;

    /** What the other Java ends with where results have no explanation. */
    private static final int FOUND = 2;

    /** What it ends with where there are no results to explain, as with an interleaving that hangs. */
    private static final int NO_RESULTS = 3;

    /** How Lincheck begins to tell of results without an explanation, also those of the check after the last call. */
    private static final List<String> FINDINGS = List.of("= Invalid execution results =", "= Validation function");

    private final int scenarios;
    private final int interleavings;

    /**
     * @param scenarios how many scenarios are made up for each mode
     * @param interleavings how many interleavings of each the model checker tries at most, and how often each runs
     *     under stress
     */
    public Interleavings(int scenarios, int interleavings) {
        this.scenarios = scenarios;
        this.interleavings = interleavings;
    }

    /**
     * Checks operations in a Java of their own.
     *
     * @param changedClasses stand in the place of the ones of the same names
     * @param directory an empty one for these classes, and for what that Java prints
     * @return what that Java printed
     * @throws AssertionError with what it printed, where results have no explanation
     * @throws IllegalStateException with what it printed, where it did not come to results, or hung
     */
    public String check(
            List<Class<? extends InterleavedOperations>> operations, Map<String, byte[]> changedClasses, Path directory)
            throws IOException, InterruptedException {
        for (Map.Entry<String, byte[]> changed : changedClasses.entrySet()) {
            Path file = directory.resolve(changed.getKey().replace('.', '/') + ".class");
            Files.createDirectories(file.getParent());
            Files.write(file, changed.getValue());
        }
        Path output = directory.resolve("output.txt");
        Process java = new ProcessBuilder(command(operations, directory))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended;
        try {
            java.getOutputStream().close();
            ended = java.waitFor(limitMillis(operations.size()), TimeUnit.MILLISECONDS);
        } finally {
            java.destroyForcibly();
        }
        String printed = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip();
        if (!ended) {
            throw new IllegalStateException(
                    "the Java that runs Lincheck on " + operations + " hangs: it has not ended in "
                            + limitMillis(operations.size()) / 1000 + " s, and printed: " + printed);
        }
        int status = java.exitValue();
        if (status == FOUND) {
            fail(printed);
        }
        if (status != 0) {
            throw new IllegalStateException("the Java that runs Lincheck ended with " + status + ": " + printed);
        }
        return printed;
    }

    private long limitMillis(int operations) {
        return LIMIT_MILLIS + LIMIT_MILLIS_PER_INTERLEAVING * scenarios * interleavings * operations;
    }

    private List<String> command(List<Class<? extends InterleavedOperations>> operations, Path changedClasses) {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // So short a run is over before the optimising compiler has paid for itself.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                // There is one of the agent that Lincheck loads.
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:-PrintWarnings",
                // It warns of each field of a record, which it does not follow, since it never changes.
                "-Dlincheck.logLevel=ERROR"));
        if (Runtime.version().feature() >= 21) {
            command.add("-XX:+EnableDynamicAgentLoading");
        }
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of(
                "-cp",
                changedClasses + System.getProperty("path.separator") + classPath,
                Interleavings.class.getName(),
                String.valueOf(scenarios),
                String.valueOf(interleavings)));
        operations.forEach(checked -> command.add(checked.getName()));
        return command;
    }

    /** The number of scenarios, that of interleavings, and the classes of operations. */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Interleavings counts = new Interleavings(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]));
        for (String name : List.of(arguments).subList(2, arguments.length)) {
            counts.check(Class.forName(name));
        }
        System.exit(0);
    }

    private void check(Class<?> operations) throws ReflectiveOperationException {
        InterleavedOperations described =
                (InterleavedOperations) operations.getConstructor().newInstance();
        try {
            checkModel(operations, described);
            check(new StressOptions(), operations, described);
        } catch (LincheckAssertionError e) {
            System.out.println(e.getMessage());
            String told = String.valueOf(e.getMessage()).strip();
            System.exit(FINDINGS.stream().anyMatch(told::startsWith) ? FOUND : NO_RESULTS);
        }
        System.out.println(operations.getName() + ": " + scenarios + " scenarios, up to " + interleavings
                + " interleavings of each by the model checker, and as many runs of each under stress");
    }

    private void checkModel(Class<?> operations, InterleavedOperations described) {
        ModelCheckingOptions options = new ModelCheckingOptions().loopBound(LOOP_MAX);
        for (ManagedStrategyGuarantee guarantee : described.guarantees()) {
            options.addGuarantee(guarantee);
        }
        check(options, operations, described);
    }

    private void check(Options<?, ?> options, Class<?> operations, InterleavedOperations described) {
        options.iterations(scenarios);
        options.invocationsPerIteration(interleavings);
        options.invocationTimeout$lincheck(HANGS_MILLIS);
        options.threads(2);
        options.actorsPerThread(2);
        options.actorsBefore(2);
        options.actorsAfter(2);
        options.minimizeFailedScenario(false);
        options.sequentialSpecification(described.specification());
        options.check(operations);
    }
}
