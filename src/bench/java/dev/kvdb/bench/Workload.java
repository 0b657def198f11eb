package dev.kvdb.bench;

import java.util.Arrays;

/** What a child process can be asked to do. */
enum Workload {
    LOAD("load", LoadWorkload::run),
    SETTLE("settle", SettleWorkload::run),
    FILL("fill", FillWorkload::run),
    DURABLE("durable", DurableWorkload::run),
    READ("read", ReadWorkload::run),
    UPDATE("update", UpdateWorkload::run),
    OPEN("open", OpenWorkload::run),
    MEMORY("memory", MemoryWorkload::run),
    MACHINE("machine", MachineLimits::run);

    private final String word;
    private final Body body;

    Workload(String word, Body body) {
        this.word = word;
        this.body = body;
    }

    /** Does the measurement. */
    private interface Body {

        Outcome run(Run run) throws Exception;
    }

    String word() {
        return word;
    }

    static Workload ofWord(String word) {
        return Arrays.stream(values())
                .filter(workload -> workload.word.equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no workload '" + word + "'"));
    }

    Outcome run(Run run) throws Exception {
        return body.run(run);
    }
}
