package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a run's figures depend on besides the code. */
final class Host {

    private Host() {}

    /** The machine, and the file system that holds the directory. */
    static Map<String, String> describe(Path directory) throws IOException {
        Map<String, String> about = new LinkedHashMap<>();
        about.put(
                "processor",
                first("/proc/cpuinfo", "model name") + ", "
                        + Runtime.getRuntime().availableProcessors() + " cores");
        about.put("memory", first("/proc/meminfo", "MemTotal"));
        about.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        about.put("file system", Files.getFileStore(directory).type());
        about.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        about.put("load before", first("/proc/loadavg", ""));
        return about;
    }

    private static String first(String file, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(file));
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }
}
