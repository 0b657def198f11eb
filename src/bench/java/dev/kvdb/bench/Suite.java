package dev.kvdb.bench;

import dev.kvdb.bench.Case.Setup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** All that can be measured, at one scale. */
final class Suite {

    /** The workloads by their names on the command line, in the order in which they are measured. */
    static final List<String> WORDS = List.of(
            "machine",
            "fill-sequential",
            "fill-random",
            "durable",
            "read-uniform",
            "read-zipf",
            "update",
            "update-zipf",
            "open",
            "memory");

    private static final int SMALL = 100;
    private static final int KIB = 1024;
    private static final List<PeerKind> ALL = Arrays.asList(PeerKind.values());
    /** Where nothing or everything is waited for anyway, kvdb has one way only. */
    private static final List<PeerKind> ONE_KVDB =
            ALL.stream().filter(kind -> kind != PeerKind.KVDB_BLOCKING).toList();

    private final Scale scale;
    private final Parameters common;
    private final List<Case> cases = new ArrayList<>();

    private Suite(Scale scale, long seed, long cacheBytes) {
        this.scale = scale;
        this.common = Parameters.none()
                .with("seed", seed)
                .with("cache", cacheBytes)
                .with("checked", scale.checkedKeys())
                .with("warmup", nanos(scale.timing().warmUpMillis()))
                .with("measured", nanos(scale.timing().measuredMillis()))
                .with("quiet", nanos(scale.timing().quietMillis()))
                .with("settle", nanos(scale.timing().settleMillisMax()))
                .with("dense", false)
                .with("killed", false);
    }

    /** The cases of a scale. Cases that share a loaded store are neighbours. */
    static List<Case> cases(Scale scale, long seed, long cacheBytes) {
        Suite suite = new Suite(scale, seed, cacheBytes);
        suite.machine();
        suite.fills();
        suite.durables();
        suite.reads();
        suite.updates();
        suite.opens();
        suite.memory();
        return suite.cases;
    }

    /** The words of these cases. */
    static Set<String> words(List<Case> cases) {
        Set<String> words = new LinkedHashSet<>();
        cases.forEach(one -> words.add(one.word()));
        return words;
    }

    private static long nanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private Parameters sized(Scale.Size size) {
        return common.with("keys", size.keys()).with("value", size.valueBytes());
    }

    private static String bytes(int count) {
        return count < KIB ? count + " B" : count / KIB + " KiB";
    }

    private static String keys(long count) {
        return count % 1_000_000 == 0 ? count / 1_000_000 + "M keys" : count / 1_000 + "k keys";
    }

    private static String threads(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private void machine() {
        long count = Collections.max(scale.rememberedKeys());
        Parameters parameters = sized(new Scale.Size(count, SMALL)).with("bytes", scale.appendedBytes());
        cases.add(new Case("machine", "machine", Workload.MACHINE, Setup.EMPTY, parameters, List.of()));
    }

    private void fills() {
        for (boolean dense : new boolean[] {true, false}) {
            String word = dense ? "fill-sequential" : "fill-random";
            for (Scale.Size size : scale.fills()) {
                String name = word + " " + bytes(size.valueBytes());
                cases.add(new Case(
                        word, name, Workload.FILL, Setup.EMPTY, sized(size).with("dense", dense), ALL));
            }
        }
    }

    private void durables() {
        for (int writers : scale.writers()) {
            // Room for what is written meanwhile: no store here syncs more often than this.
            long keysMax = 200 * (scale.timing().warmUpMillis() + scale.timing().measuredMillis());
            cases.add(new Case(
                    "durable",
                    "durable " + bytes(SMALL) + ", " + threads(writers, "writer"),
                    Workload.DURABLE,
                    Setup.EMPTY,
                    sized(new Scale.Size(keysMax, SMALL)).with("threads", writers),
                    ONE_KVDB));
        }
    }

    private void reads() {
        for (Scale.Size size : scale.reads()) {
            for (boolean zipf : new boolean[] {false, true}) {
                String word = zipf ? "read-zipf" : "read-uniform";
                for (int readers : scale.readers()) {
                    String name = word + " " + bytes(size.valueBytes()) + ", " + threads(readers, "thread");
                    Parameters parameters = sized(size).with("threads", readers).with("zipf", zipf);
                    cases.add(new Case(word, name, Workload.READ, Setup.LOADED, parameters, ONE_KVDB));
                }
            }
        }
    }

    private void updates() {
        for (boolean zipf : new boolean[] {false, true}) {
            String word = zipf ? "update-zipf" : "update";
            for (Scale.Size size : scale.updated()) {
                Parameters parameters = sized(size).with("zipf", zipf);
                String name = word + " " + bytes(size.valueBytes());
                cases.add(new Case(word, name, Workload.UPDATE, Setup.EMPTY, parameters, ALL));
            }
        }
    }

    private void opens() {
        for (Scale.Size size : scale.opened()) {
            for (boolean killed : new boolean[] {false, true}) {
                String name = "open " + keys(size.keys()) + ", after a " + (killed ? "kill" : "close");
                Parameters parameters = sized(size).with("killed", killed);
                cases.add(new Case("open", name, Workload.OPEN, Setup.COPY, parameters, ONE_KVDB));
            }
        }
    }

    private void memory() {
        for (boolean dense : new boolean[] {false, true}) {
            for (long count : scale.rememberedKeys()) {
                String name = "memory at " + keys(count) + ", " + (dense ? "dense" : "random");
                Parameters parameters = sized(new Scale.Size(count, Values.BYTES_MIN))
                        .with("dense", dense)
                        .with("cache", 0);
                cases.add(new Case("memory", name, Workload.MEMORY, Setup.COPY, parameters, ONE_KVDB));
            }
        }
    }
}
