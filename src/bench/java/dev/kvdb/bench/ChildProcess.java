package dev.kvdb.bench;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Runs measurements in Java processes of their own, one after another.
 *
 * @param scratch starts the processes; their temporary files are below it, and are deleted after each
 * @param heap the heap's largest size, as {@code -Xmx} takes it
 * @param jvmOptions more options of the JVM
 * @param limit how long a process may take
 */
record ChildProcess(Scratch scratch, String heap, List<String> jvmOptions, Duration limit) {

    private static final int LINES_KEPT = 30;

    /**
     * Of the processes whose memory is measured: the heap is given back to the system when it is not needed, so that
     * the resident size tells what is needed.
     */
    static final List<String> FRUGAL = List.of("-XX:MinHeapFreeRatio=5", "-XX:MaxHeapFreeRatio=10");

    /** @throws MeasurementFailedException where the process fails, or takes too long */
    Outcome run(Parameters parameters, Run.Progress progress)
            throws IOException, InterruptedException, MeasurementFailedException {
        Path temporary = Files.createDirectories(scratch.directory().resolve("tmp"));
        Process process = scratch.start(new ProcessBuilder(command(parameters, temporary)).redirectErrorStream(true));
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try {
            var unused =
                    timer.schedule(() -> process.toHandle().destroyForcibly(), limit.toMillis(), TimeUnit.MILLISECONDS);
            return outcome(process, parameters, progress);
        } finally {
            timer.shutdownNow();
            process.destroyForcibly().waitFor();
            DataFiles.delete(temporary);
        }
    }

    private List<String> command(Parameters parameters, Path temporary) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx" + heap);
        command.add("-XX:-UsePerfData");
        command.add("-Djava.io.tmpdir=" + temporary);
        command.addAll(PeerKind.JVM_OPTIONS);
        if (parameters.text("workload").equals(Workload.MEMORY.word())) {
            command.addAll(FRUGAL);
        }
        command.addAll(jvmOptions);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Child.class.getName());
        command.addAll(parameters.words());
        return command;
    }

    private Outcome outcome(Process process, Parameters parameters, Run.Progress progress)
            throws IOException, InterruptedException, MeasurementFailedException {
        Outcome outcome = null;
        Deque<String> lines = new ArrayDeque<>();
        long start = System.nanoTime();
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith(Child.PROGRESS)) {
                    progress.reached(Double.parseDouble(line.substring(Child.PROGRESS.length())));
                } else if (line.startsWith(Child.RESULT)) {
                    outcome = new Gson().fromJson(line.substring(Child.RESULT.length()), Outcome.class);
                } else {
                    lines.add(line);
                    if (lines.size() > LINES_KEPT) {
                        lines.removeFirst();
                    }
                }
            }
        }
        int exitCode = process.waitFor();
        if (exitCode != 0 || outcome == null) {
            boolean late = System.nanoTime() - start >= limit.toNanos();
            throw new MeasurementFailedException((late
                            ? "the process took longer than " + limit.toMinutes() + " min (--limit)"
                            : "the process ended with exit code " + exitCode)
                    + ", its parameters: " + parameters + "\n" + String.join("\n", lines));
        }
        return outcome;
    }
}
