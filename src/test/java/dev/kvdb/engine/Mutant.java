package dev.kvdb.engine;

import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * A bug planted in the engine's source: texts and what replaces them.
 *
 * @param name what the bug is
 * @param scenario the harness that must catch it
 * @param edits what is changed
 */
record Mutant(String name, String scenario, List<Edit> edits) {

    private static final Path SOURCES = Path.of("src/main/java/dev/kvdb/engine");

    /**
     * The engine and the libraries it is compiled with: to open all those of the server would take longer than that.
     */
    private static final String ENGINE_CLASS_PATH = Stream.of(Store.class, Caffeine.class, Nullable.class)
            .map(Mutant::placeOf)
            .collect(Collectors.joining(File.pathSeparator));

    /**
     * A change of one source file.
     *
     * @param file its name below the engine's package
     * @param find text that occurs in it exactly once
     * @param replacement what stands there instead
     */
    record Edit(String file, String find, String replacement) {}

    static Mutant of(String name, String scenario, String file, String find, String replacement) {
        return new Mutant(name, scenario, List.of(new Edit(file, find, replacement)));
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
        List<Edit> more = new ArrayList<>(edits);
        more.add(new Edit(file, find, replacement));
        return new Mutant(name, scenario, List.copyOf(more));
    }

    @Override
    public String toString() {
        return name;
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
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        Map<String, ByteArrayOutputStream> compiled = new HashMap<>();
        try (StandardJavaFileManager standard =
                compiler.getStandardFileManager(problems, null, StandardCharsets.UTF_8)) {
            JavaFileManager inMemory = new ForwardingJavaFileManager<JavaFileManager>(standard) {
                @Override
                public JavaFileObject getJavaFileForOutput(
                        Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
                    return new SimpleJavaFileObject(URI.create("mem:///" + className.replace('.', '/')), kind) {
                        @Override
                        public OutputStream openOutputStream() {
                            return compiled.computeIfAbsent(className, key -> new ByteArrayOutputStream());
                        }
                    };
                }
            };
            List<JavaFileObject> sources = mutatedSources(standard);
            List<String> arguments = List.of("-classpath", ENGINE_CLASS_PATH, "-proc:none", "-nowarn");
            if (!sources.isEmpty()
                    && !compiler.getTask(null, inMemory, problems, arguments, null, sources)
                            .call()) {
                throw new IllegalStateException(name + " does not compile: " + problems.getDiagnostics());
            }
        }
        Map<String, byte[]> classes = new HashMap<>();
        compiled.forEach((className, bytes) -> classes.put(className, bytes.toByteArray()));
        return classes;
    }

    /** The directory or jar that a class was loaded from. */
    private static String placeOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<JavaFileObject> mutatedSources(StandardJavaFileManager files) throws IOException {
        Map<String, String> texts = new HashMap<>();
        for (Edit edit : edits) {
            String text = texts.get(edit.file());
            if (text == null) {
                text = files.getJavaFileObjects(SOURCES.resolve(edit.file()))
                        .iterator()
                        .next()
                        .getCharContent(true)
                        .toString();
            }
            int at = text.indexOf(edit.find());
            if (at < 0 || text.indexOf(edit.find(), at + 1) >= 0) {
                throw new IllegalStateException("mutant '" + name + "' does not fit " + edit.file()
                        + " any more: this must occur exactly once: " + edit.find());
            }
            texts.put(edit.file(), text.replace(edit.find(), edit.replacement()));
        }
        List<JavaFileObject> sources = new ArrayList<>();
        texts.forEach((file, text) -> sources.add(
                new SimpleJavaFileObject(URI.create("mem:///dev/kvdb/engine/" + file), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return text;
                    }
                }));
        return sources;
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
