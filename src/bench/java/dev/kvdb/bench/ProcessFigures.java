package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What Linux counts for this process. */
final class ProcessFigures {

    private static final int KIB = 1024;
    private static final double NANOS_PER_MICRO = TimeUnit.MICROSECONDS.toNanos(1);

    private ProcessFigures() {}

    /**
     * Bytes that this process has caused to be written to disks, in whole pages: a page counts each time that it
     * becomes dirty, by a write call or in a mapping.
     */
    static long writtenBytes() throws IOException {
        return field("/proc/self/io", "write_bytes:");
    }

    /** Bytes of memory that are this process's own: its resident size less the mapped files. */
    static long residentBytes() throws IOException {
        return field("/proc/self/status", "RssAnon:") * KIB + field("/proc/self/status", "VmSwap:") * KIB;
    }

    /** Processor time that this process has taken, all its threads together; a hundredth of a second is the least. */
    static double cpuMicros() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElseThrow(() -> new IllegalStateException("the system does not tell the processor time"))
                        .toNanos()
                / NANOS_PER_MICRO;
    }

    private static long field(String file, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(file));
        for (String line : lines) {
            if (line.startsWith(name)) {
                String rest = line.substring(name.length()).strip();
                int end = rest.indexOf(' ');
                return Long.parseLong(end < 0 ? rest : rest.substring(0, end));
            }
        }
        throw new IOException(file + " has no line '" + name + "'; the benchmarks need Linux");
    }
}
