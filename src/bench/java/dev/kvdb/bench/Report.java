package dev.kvdb.bench;

import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The result of a run: medians, and the ratios of kvdb's to each peer's.
 *
 * @param about what was run where
 * @param measurements all single measurements
 */
record Report(Map<String, String> about, List<Measurement> measurements) {

    private static final String OURS = PeerKind.KVDB.word();

    /**
     * One figure of one case.
     *
     * @param medians of each store that was measured
     * @param ratios kvdb's median divided by that of each other store
     */
    private record Row(
            String workload,
            String figure,
            String unit,
            Figure.Better better,
            Map<String, Double> medians,
            Map<String, Double> ratios) {}

    /**
     * One figure of one case, of all stores and rounds.
     *
     * @param first one of them, for what they have in common
     * @param values by store
     */
    private record Series(Figure first, Map<String, List<Double>> values) {

        void add(String peer, double value) {
            values.computeIfAbsent(peer, unused -> new ArrayList<>()).add(value);
        }

        Row row(String workload) {
            Map<String, Double> medians = new LinkedHashMap<>();
            values.forEach((peer, all) -> medians.put(peer, Numbers.median(all)));
            return new Row(workload, first.name(), first.unit(), first.better(), medians, ratios(medians));
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
                        .add(measurement.peer(), figure.value());
            }
        }
        return series.entrySet().stream()
                .map(entry -> entry.getValue().row(entry.getKey().get(0)))
                .toList();
    }

    private static Map<String, Double> ratios(Map<String, Double> medians) {
        Map<String, Double> ratios = new LinkedHashMap<>();
        Double ours = medians.get(OURS);
        if (ours != null) {
            medians.forEach((peer, median) -> {
                if (!peer.equals(OURS)) {
                    ratios.put(peer, ours / median);
                }
            });
        }
        return ratios;
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
            stores(text, List.copyOf(peers));
            settings(text);
        }
        return text.toString();
    }

    private void machine(StringBuilder text) {
        List<Row> rows = rows().stream()
                .filter(row -> row.medians.containsKey(Runner.MACHINE))
                .toList();
        if (!rows.isEmpty()) {
            text.append("\n| limit of the machine | median | unit |\n|---|---:|---|\n");
            rows.forEach(row -> line(
                    text, List.of(row.figure, Numbers.text(row.medians.getOrDefault(Runner.MACHINE, 0.0)), row.unit)));
        }
    }

    private void stores(StringBuilder text, List<String> peers) {
        List<String> others = peers.contains(OURS)
                ? peers.stream().filter(peer -> !peer.equals(OURS)).toList()
                : List.of();
        List<String> head = new ArrayList<>(List.of("workload", "figure", "unit"));
        head.addAll(peers);
        others.forEach(other -> head.add(OURS + " / " + other));
        text.append('\n');
        line(text, head);
        text.append("|---|---|---|")
                .append("---:|".repeat(peers.size() + others.size()))
                .append('\n');
        for (Row row : rows()) {
            if (!row.medians.containsKey(Runner.MACHINE)) {
                List<String> cells = new ArrayList<>(List.of(
                        row.workload,
                        row.figure + (row.better == Figure.Better.LOWER ? " (less is better)" : ""),
                        row.unit));
                peers.forEach(peer -> cells.add(cell(row.medians.get(peer))));
                others.forEach(peer -> cells.add(cell(row.ratios.get(peer))));
                line(text, cells);
            }
        }
    }

    private static String cell(@Nullable Double value) {
        return value == null ? "-" : Numbers.text(value);
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
