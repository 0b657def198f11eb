package dev.kvdb.bench;

import com.google.gson.Gson;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The main class of a process that does one measurement and ends.
 *
 * <p>Lines on the standard output that begin with {@link #PROGRESS} or {@link #RESULT} are for the parent. A load that
 * is to look like a kill, and a failure, halt the process, so that whatever is open stays as it is.
 */
final class Child {

    static final String PROGRESS = "kvdb-bench progress ";
    static final String RESULT = "kvdb-bench result ";

    private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final PrintStream out =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    private long reportedNanos = System.nanoTime();

    private Child() {}

    /** Takes the words of {@link Parameters}. */
    public static void main(String... args) {
        Child child = new Child();
        try {
            Parameters parameters = Parameters.ofWords(List.of(args));
            Outcome outcome = Workload.ofWord(parameters.text("workload")).run(new Run(parameters, child::progressed));
            child.out.println(RESULT + new Gson().toJson(outcome));
            if (parameters.text("workload").equals(Workload.LOAD.word()) && parameters.flag("killed")) {
                Runtime.getRuntime().halt(0);
            }
        } catch (Exception | Error e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
        // Not merely a return: a store's threads need not be daemons.
        System.exit(0);
    }

    /** Tells the parent how much is done, a few times a second. */
    private synchronized void progressed(double share) {
        long now = System.nanoTime();
        if (now - reportedNanos >= PROGRESS_NANOS) {
            reportedNanos = now;
            out.println(PROGRESS + share);
        }
    }
}
