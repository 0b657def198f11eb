package dev.kvdb.engine;

import com.github.benmanes.caffeine.cache.Caffeine;
import dev.kvdb.testkit.PlantedBug;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A bug planted in the engine's source.
 *
 * @param scenario the harness that must catch it
 * @param bug what is changed
 */
record Mutant(String scenario, PlantedBug bug) {

    private static final String ENGINE = "engine/";

    /** An engine without a bug. */
    static Mutant none(String scenario) {
        return new Mutant(scenario, new PlantedBug("none", List.of()));
    }

    /** @param file its name below the engine's package */
    static Mutant of(String name, String scenario, String file, String find, String replacement) {
        return new Mutant(scenario, PlantedBug.of(name, ENGINE + file, find, replacement));
    }

    /** A collection that gives a key's index entry to its copy, though a write came in between. */
    static Mutant collectedCopyReplacesANewerValue(String scenario) {
        return of(
                "collected copy replaces a newer value",
                scenario,
                "gc/SegmentCopy.java",
                "index.replace(record.key(), from, to)",
                "index.put(record.key(), to) == from");
    }

    Mutant and(String file, String find, String replacement) {
        return new Mutant(scenario, bug.and(ENGINE + file, find, replacement));
    }

    @Override
    public String toString() {
        return bug.name();
    }

    /**
     * Runs the scenario that often at most on an engine that has the bug; throws what the first run to find it throws.
     */
    void run(long seed, int runs) throws Throwable {
        Class<?> scenarios = new MutatedEngine(compile()).loadClass("dev.kvdb.engine.CrashScenarios");
        try {
            scenarios.getMethod("run", String.class, long.class, int.class).invoke(null, scenario, seed, runs);
        } catch (java.lang.reflect.InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** The changed classes by name. */
    Map<String, byte[]> compile() throws IOException {
        return bug.compile(Store.class, Caffeine.class, Nullable.class);
    }

    /** Loads the engine and the testkit anew, with changed classes among them. */
    private static final class MutatedEngine extends ClassLoader {

        private final Map<String, byte[]> changed;

        MutatedEngine(Map<String, byte[]> changed) {
            super(Mutant.class.getClassLoader());
            this.changed = changed;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("dev.kvdb.engine.") && !name.startsWith("dev.kvdb.testkit.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            byte[] bytes = changed.get(name);
            if (bytes == null) {
                try (InputStream file = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                    if (file == null) {
                        throw new ClassNotFoundException(name);
                    }
                    bytes = file.readAllBytes();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return defineClass(name, bytes, 0, bytes.length);
        }
    }
}
