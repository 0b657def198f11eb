package dev.kvdb.bench;

import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The result of a run: medians, and the ratios of kvdb's figures to each peer's.
 *
 * @param about what was run where
 * @param measurements all single measurements
 */
record Report(Map<String, String> about, List<Measurement> measurements) {

    /** Both ways of using kvdb, each of which is divided by the stores after it. */
    private static final List<String> OURS = List.of(PeerKind.KVDB.word(), PeerKind.KVDB_BLOCKING.word());

    private static final String NOTHING = "-";

    /** A store's figure that is divided by another store's. */
    private record Pair(String ours, String other) {

        /** The pairs that there are among these stores. */
        static List<Pair> among(Collection<String> peers) {
            List<Pair> pairs = new ArrayList<>();
            for (String ours : OURS) {
                if (peers.contains(ours)) {
                    peers.stream()
                            .filter(other -> !other.equals(ours) && !other.equals(OURS.get(0)))
                            .forEach(other -> pairs.add(new Pair(ours, other)));
                }
            }
            return pairs;
        }

        String name() {
            return ours + " / " + other;
        }
    }

    /**
     * One figure of one case.
     *
     * @param medians of each store that was measured
     * @param ratios by the name of the pair, where both stores have the figure and it may be compared
     */
    private record Row(
            String workload,
            String figure,
            String unit,
            Figure.Better better,
            Map<String, Double> medians,
            Map<String, Ratio> ratios) {

        String title() {
            return figure + (better == Figure.Better.LOWER ? " (less is better)" : "");
        }

        boolean isOfMachine() {
            return medians.containsKey(Runner.MACHINE);
        }
    }

    /**
     * One figure of one case, of all stores and rounds.
     *
     * @param first one of them, for what they have in common
     * @param figures by store and round
     */
    private record Series(Figure first, Map<String, Map<Integer, Figure>> figures) {

        void add(Measurement measurement, Figure figure) {
            figures.computeIfAbsent(measurement.peer(), unused -> new LinkedHashMap<>())
                    .put(measurement.round(), figure);
        }

        Row row(String workload) {
            Map<String, Double> medians = new LinkedHashMap<>();
            figures.forEach((peer, rounds) -> medians.put(
                    peer,
                    Numbers.median(rounds.values().stream().map(Figure::value).toList())));
            Map<String, Ratio> ratios = new LinkedHashMap<>();
            for (Pair pair : Pair.among(figures.keySet())) {
                List<Double> ofRounds = ratios(of(pair.ours), of(pair.other));
                if (!ofRounds.isEmpty()) {
                    ratios.put(pair.name(), Ratio.of(ofRounds));
                }
            }
            return new Row(workload, first.name(), first.unit(), first.better(), medians, ratios);
        }

        private Map<Integer, Figure> of(String peer) {
            return figures.getOrDefault(peer, Map.of());
        }

        /** Of each round that both were measured in. */
        private static List<Double> ratios(Map<Integer, Figure> ours, Map<Integer, Figure> others) {
            List<Double> ratios = new ArrayList<>();
            ours.forEach((round, figure) -> {
                Figure other = others.get(round);
                if (other != null && figure.comparable() && other.comparable()) {
                    ratios.add(figure.value() / other.value());
                }
            });
            return ratios;
        }
    }

    /** What is written as JSON. */
    private record Document(Map<String, String> about, List<Row> table, List<Measurement> measurements) {}

    String json() {
        return new GsonBuilder()
                        .serializeSpecialFloatingPointValues()
                        .setPrettyPrinting()
                        .disableHtmlEscaping()
                        .create()
                        .toJson(new Document(about, rows(), measurements))
                + "\n";
    }

    private List<Row> rows() {
        Map<List<String>, Series> series = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            for (Figure figure : measurement.outcome().figures()) {
                series.computeIfAbsent(
                                List.of(measurement.workload(), figure.name()),
                                unused -> new Series(figure, new LinkedHashMap<>()))
                        .add(measurement, figure);
            }
        }
        return series.entrySet().stream()
                .map(entry -> entry.getValue().row(entry.getKey().get(0)))
                .toList();
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        about.forEach((name, value) ->
                text.append("- ").append(name).append(": ").append(value).append('\n'));
        Set<String> peers = new LinkedHashSet<>();
        measurements.stream()
                .map(Measurement::peer)
                .filter(peer -> !peer.equals(Runner.MACHINE))
                .forEach(peers::add);
        machine(text);
        if (!peers.isEmpty()) {
            medians(text, List.copyOf(peers));
            ratios(text, Pair.among(peers));
            settings(text);
        }
        return text.toString();
    }

    private void machine(StringBuilder text) {
        List<Row> rows = rows().stream().filter(Row::isOfMachine).toList();
        if (!rows.isEmpty()) {
            text.append("\n| limit of the machine | median | unit |\n|---|---:|---|\n");
            rows.forEach(row -> line(
                    text, List.of(row.figure, Numbers.text(row.medians.getOrDefault(Runner.MACHINE, 0.0)), row.unit)));
        }
    }

    private void medians(StringBuilder text, List<String> peers) {
        head(text, List.of("workload", "figure", "unit"), peers);
        for (Row row : rows()) {
            if (!row.isOfMachine()) {
                List<String> cells = new ArrayList<>(List.of(row.workload, row.title(), row.unit));
                for (String peer : peers) {
                    Double median = row.medians.get(peer);
                    cells.add(median == null ? NOTHING : Numbers.text(median));
                }
                line(text, cells);
            }
        }
    }

    private void ratios(StringBuilder text, List<Pair> pairs) {
        List<Row> rows = rows().stream().filter(row -> !row.ratios.isEmpty()).toList();
        if (rows.isEmpty()) {
            return;
        }
        text.append("\nRatios, each of two figures of the same round: the median (the smallest to the largest).\n");
        head(text, List.of("workload", "figure"), pairs.stream().map(Pair::name).toList());
        for (Row row : rows) {
            List<String> cells = new ArrayList<>(List.of(row.workload, row.title()));
            for (Pair pair : pairs) {
                Ratio ratio = row.ratios.get(pair.name());
                cells.add(ratio == null ? NOTHING : ratio.text());
            }
            line(text, cells);
        }
    }

    private static void head(StringBuilder text, List<String> words, List<String> numbers) {
        text.append('\n');
        line(text, Stream.concat(words.stream(), numbers.stream()).toList());
        text.append('|')
                .append("---|".repeat(words.size()))
                .append("---:|".repeat(numbers.size()))
                .append('\n');
    }

    private static void line(StringBuilder text, List<String> cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    /** Each set of settings that a store was measured with, and for what. */
    private void settings(StringBuilder text) {
        Map<String, Set<String>> workloads = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            if (!measurement.peer().equals(Runner.MACHINE)) {
                String settings =
                        measurement.peer() + ": " + measurement.outcome().settings();
                workloads
                        .computeIfAbsent(settings, unused -> new LinkedHashSet<>())
                        .add(measurement.workload());
            }
        }
        text.append("\nSettings:\n\n");
        workloads.forEach((settings, names) -> text.append("- ")
                .append(settings)
                .append(" (")
                .append(names.stream().collect(Collectors.joining("; ")))
                .append(")\n"));
    }
}
