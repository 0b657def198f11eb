package dev.kvdb.bench;

import dev.kvdb.bench.Case.Setup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Measures cases, round by round, the stores taking turns within each, and each round beginning with another one, so
 * that what changes on the machine in the course of time, and what a measurement leaves behind, meets all of them.
 * Stores that only are read are loaded once. Not safe for use by several threads.
 */
final class Runner {

    static final String MACHINE = "machine";

    private final Scratch scratch;
    private final Path directory;
    private final ChildProcess children;
    private final StatusLine status;
    private final int rounds;
    private final List<Measurement> measurements = new ArrayList<>();
    private final Map<PeerKind, Path> loaded = new EnumMap<>(PeerKind.class);
    private String dataset = "";

    Runner(Scratch scratch, ChildProcess children, StatusLine status, int rounds) {
        this.scratch = scratch;
        this.directory = scratch.directory();
        this.children = children;
        this.status = status;
        this.rounds = rounds;
    }

    /** What has been measured so far. */
    List<Measurement> measurements() {
        return measurements;
    }

    /** Measures these cases, of these stores. */
    void run(List<Case> cases, List<PeerKind> peers)
            throws IOException, InterruptedException, MeasurementFailedException {
        status.begin(cases.stream().mapToInt(one -> countTurns(one, peers)).sum());
        for (Case one : cases) {
            List<PeerKind> chosen = peers.stream().filter(one.peers()::contains).toList();
            for (int round = 1; round <= rounds; round++) {
                if (one.peers().isEmpty()) {
                    add(one, MACHINE, round, measureFresh(one, one.parameters()));
                }
                for (PeerKind peer : turns(chosen, round)) {
                    status.next(one.name(), peer.word(), round, rounds);
                    add(one, peer.word(), round, measure(one, peer));
                }
            }
        }
        dropLoaded();
    }

    /** The stores in the order of this round. */
    static List<PeerKind> turns(List<PeerKind> peers, int round) {
        List<PeerKind> turns = new ArrayList<>(peers);
        Collections.rotate(turns, 1 - round);
        return turns;
    }

    private int countTurns(Case one, List<PeerKind> peers) {
        int count = one.peers().isEmpty()
                ? 1
                : (int) peers.stream().filter(one.peers()::contains).count();
        return rounds * count;
    }

    private void add(Case one, String peer, int round, Outcome outcome) {
        Measurement measurement = new Measurement(one.name(), peer, round, outcome);
        measurements.add(measurement);
        status.done(measurement);
    }

    private Outcome measure(Case one, PeerKind peer)
            throws IOException, InterruptedException, MeasurementFailedException {
        Parameters parameters = one.parameters().with("peer", peer.word());
        if (one.setup() == Setup.EMPTY) {
            return measureFresh(one, parameters);
        }
        Path store = load(one, peer);
        if (one.setup() == Setup.LOADED) {
            return child(one.workload(), parameters, store);
        }
        Path copy = directory.resolve("copy");
        scratch.copy(store, copy);
        try {
            Outcome outcome = child(one.workload(), parameters, copy);
            return one.workload() == Workload.MEMORY ? perKey(one, parameters, outcome) : outcome;
        } finally {
            DataFiles.delete(copy);
        }
    }

    private Outcome measureFresh(Case one, Parameters parameters)
            throws IOException, InterruptedException, MeasurementFailedException {
        Path fresh = directory.resolve("fresh");
        try {
            return child(one.workload(), parameters, fresh);
        } finally {
            DataFiles.delete(fresh);
        }
    }

    /** Takes off what an empty store takes, and divides by the number of keys. */
    private Outcome perKey(Case one, Parameters parameters, Outcome full)
            throws IOException, InterruptedException, MeasurementFailedException {
        Outcome empty = measureFresh(one, parameters.with("keys", 0));
        double count = parameters.number("keys");
        List<Figure> figures = full.figures().stream()
                .map(figure -> figure.with("bytes/key", (figure.value() - empty.value(figure.name())) / count))
                .toList();
        return new Outcome(full.settings(), full.checked(), figures);
    }

    /** Syncs first, so that the measurement does not share the disk with what was written before. */
    private Outcome child(Workload workload, Parameters parameters, Path store)
            throws IOException, InterruptedException, MeasurementFailedException {
        DataFiles.syncFileSystem(directory);
        return children.run(parameters.with("workload", workload.word()).with("directory", store), status::reached);
    }

    /** The directory of the peer's store that the case is about; filled where it is not yet. */
    private Path load(Case one, PeerKind peer) throws IOException, InterruptedException, MeasurementFailedException {
        if (!dataset.equals(one.dataset())) {
            dropLoaded();
            dataset = one.dataset();
        }
        Path known = loaded.get(peer);
        if (known != null) {
            return known;
        }
        Path store = directory.resolve("loaded-" + peer.word());
        Files.createDirectories(store);
        loaded.put(peer, store);
        status.loading();
        Parameters parameters = one.parameters().with("peer", peer.word());
        child(Workload.LOAD, parameters, store);
        if (one.setup() == Setup.LOADED) {
            child(Workload.SETTLE, parameters, store);
        }
        return store;
    }

    private void dropLoaded() throws IOException {
        for (Path store : loaded.values()) {
            DataFiles.delete(store);
        }
        loaded.clear();
    }
}
