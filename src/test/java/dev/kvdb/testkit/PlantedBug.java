package dev.kvdb.testkit;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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

/**
 * A bug to be planted in the source: texts and what replaces them. The source stays as it is; what is changed are
 * classes for a test to load, or to put before those of the build.
 *
 * @param name what the bug is
 * @param edits what is changed
 */
public record PlantedBug(String name, List<Edit> edits) {

    private static final Path SOURCES = Path.of("src/main/java/dev/kvdb");

    /**
     * A change of one source file.
     *
     * @param file its name below the root package
     * @param find text that occurs in it exactly once
     * @param replacement what stands there instead
     */
    public record Edit(String file, String find, String replacement) {}

    /** A bug of one change. */
    public static PlantedBug of(String name, String file, String find, String replacement) {
        return new PlantedBug(name, List.of(new Edit(file, find, replacement)));
    }

    /** The bug with one more change. */
    public PlantedBug and(String file, String find, String replacement) {
        List<Edit> more = new ArrayList<>(edits);
        more.add(new Edit(file, find, replacement));
        return new PlantedBug(name, List.copyOf(more));
    }

    @Override
    public String toString() {
        return name;
    }

    /** Writes the changed classes below a directory, which is returned, to be put on a class path. */
    public Path compileInto(Path directory) throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        for (Map.Entry<String, byte[]> changed : compile(classPath).entrySet()) {
            Path file = directory.resolve(changed.getKey().replace('.', '/') + ".class");
            Files.createDirectories(file.getParent());
            Files.write(file, changed.getValue());
        }
        return directory;
    }

    /**
     * The changed classes by name, compiled with only the directories and jars of some classes: to open all those of
     * the server would take longer than to compile.
     */
    public Map<String, byte[]> compile(Class<?>... libraries) throws IOException {
        return compile(Stream.of(libraries).map(PlantedBug::placeOf).collect(Collectors.joining(File.pathSeparator)));
    }

    private Map<String, byte[]> compile(String classPath) throws IOException {
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
            List<String> arguments = List.of("-classpath", classPath, "-proc:none", "-nowarn");
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
                new SimpleJavaFileObject(URI.create("mem:///dev/kvdb/" + file), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return text;
                    }
                }));
        return sources;
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
}
