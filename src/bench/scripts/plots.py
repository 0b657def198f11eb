#!/usr/bin/env python3
"""Draws the plots of docs/benchmarks.md from what was measured.

    src/bench/scripts/plots.py --bench FILE [--service FILE] --out DIR

--bench is what kvdb-bench wrote with --json; of it come latency.svg (durable and other puts by percentile),
throughput.svg (durable writers and readers), memory.svg (by keys) and size.svg (on disk, over time under updates).
--service is what service.py wrote with --json; of it comes service.svg (calls by calls in flight). One of the two will
do. The same files make the same plots, byte by byte.

Exit codes: 0 all plots are written; 1 figures are missing, and the messages say what measures them (the other plots are
written); 2 the command line is wrong, or a file cannot be read or written.
"""
import argparse
import dataclasses
import json
import math
import os
import re
import statistics
import sys

import svg

BENCH = "java -jar target/kvdb-bench.jar"
SERVICE = "src/bench/scripts/service.py --in-flight 4,16,64,256 --json FILE"

# Each store and call looks the same in all plots.
STORES = {
    "kvdb": ("kvdb", svg.Style("#0060a8", "circle")),
    "kvdb-blocking": ("kvdb, blocking", svg.Style("#3f9fd6", "circle", "6 3")),
    "rocksdb": ("RocksDB", svg.Style("#c8500a", "square")),
    "lmdb": ("LMDB", svg.Style("#14815c", "triangle")),
    "mvstore": ("MVStore", svg.Style("#a0509a", "diamond")),
}
CALLS = {
    "empty": ("empty call", svg.Style("#777777", "circle", "2 3")),
    "Get, cached": ("Get, cached", svg.Style("#0060a8", "circle")),
    "Get, not cached": ("Get, not cached", svg.Style("#3f9fd6", "circle", "6 3")),
    "Set, durable": ("Set, durable", svg.Style("#0060a8", "square", "6 3")),
    "etcd Range": ("etcd Range", svg.Style("#c8500a", "triangle")),
    "etcd Put": ("etcd Put", svg.Style("#c8500a", "diamond", "6 3")),
}

WIDTH, COLUMNS, PANEL_WIDTH, PANEL_HEIGHT, LEFT, TOP = 1010, 2, 390, 230, 95, 120
COLUMN_STEP, ROW_STEP, LEGEND_STEP = 490, 310, 148


class FileUnusable(Exception):
    """A file that is not what it should be."""


class FiguresMissing(Exception):
    """Something that a plot is made of was not measured."""


@dataclasses.dataclass(frozen=True)
class Line:
    """The points of a store or call: x, and the median, least and most of y."""

    name: str
    points: list
    style: svg.Style | None = None


@dataclasses.dataclass(frozen=True)
class Field:
    """One panel of a plot."""

    title: str
    x_title: str
    y_title: str
    x_axis: object
    y_axis: object
    lines: list
    dots: list = dataclasses.field(default_factory=list)


# ---- what was measured


class Measured:
    """What kvdb-bench wrote."""

    def __init__(self, file):
        document = load(file)
        try:
            about = document["about"]
            self.about = {name: str(about[name]) for name in ("kvdb", "scale", "rounds", "processor", "java")}
            # By case and store: the outcomes of the rounds.
            self.cases = {}
            for one in document["measurements"]:
                self.cases.setdefault(one["workload"], {}).setdefault(one["peer"], []).append(one["outcome"])
                for each in one["outcome"]["figures"]:
                    float(each["value"])
        except (KeyError, TypeError, ValueError) as e:
            raise FileUnusable(f"'{file}' is not what kvdb-bench writes with --json ({type(e).__name__}: {e})") from e
        self.file = file

    def find(self, pattern):
        """The cases of such a name, as matches, and the outcomes by store."""
        found = [(re.fullmatch(pattern, case), stores) for case, stores in self.cases.items()]
        return [(match, of_names(stores, STORES)) for match, stores in found if match]

    def missing(self, what, workloads):
        return FiguresMissing(f"'{self.file}' has {what}: run {BENCH} {workloads} --json FILE")

    def caption(self, of_rounds="medians of"):
        about = self.about
        rounds = "1 round" if about["rounds"] == "1" else f"{of_rounds} {about['rounds']} rounds"
        return f"kvdb {about['kvdb']}; {rounds} at the scale '{about['scale']}'; {about['processor']}; {about['java']}"

    def warning(self):
        return "Tiny stores (--quick): these figures mean nothing." if self.about["scale"] == "quick" else ""


def load(file):
    try:
        with open(file, encoding="utf-8") as text:
            return json.load(text)
    except OSError as e:
        raise FileUnusable(f"'{file}' cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise FileUnusable(f"'{file}' is not JSON: {e}") from e


def of_names(values, names):
    """In the order of the names."""
    return {name: values[name] for name in names if name in values}


def spread(values):
    """The median, the least and the most of those that are numbers; None where there is none."""
    numbers = [value for value in values if math.isfinite(value)]
    return (statistics.median(numbers), min(numbers), max(numbers)) if numbers else None


def figure(outcomes, name):
    return spread([one["value"] for outcome in outcomes for one in outcome["figures"] if one["name"] == name])


def is_comparable(outcomes, name):
    return all(one["comparable"] for outcome in outcomes for one in outcome["figures"] if one["name"] == name)


def curves(outcomes, name):
    """Of each round that has the curve, its points."""
    found = [one["points"] for outcome in outcomes for one in outcome.get("curves", []) if one["name"] == name]
    return [[(point["x"], point["y"]) for point in points] for points in found if points]


def by_number(cases, name, number_of):
    """Of each store: a figure over a number that the cases differ in."""
    lines = {}
    for match, stores in cases:
        for store, outcomes in stores.items():
            value = figure(outcomes, name)
            if value:
                lines.setdefault(store, []).append((number_of(match), *value))
    return [Line(store, sorted(lines[store])) for store in STORES if store in lines]


def heights(lines):
    return [value for line in lines for point in line.points for value in point[1:]]


def counts_axis(lines, label=svg.number):
    return svg.Counts([(count, label(count)) for count in {point[0] for line in lines for point in line.points}])


# ---- the plots of kvdb-bench


def latency(measured):
    durable, updates = [], []
    for match, stores in measured.find(r"durable (?P<what>.+)"):
        durable.append((f"durable puts, {match['what']}", lines_of_latency(stores)))
    for match, stores in measured.find(r"(?P<what>update.*)"):
        comparable = {store: outcomes for store, outcomes in stores.items() if is_comparable(outcomes, "put p50")}
        updates.append((f"puts under {match['what']}, not synced", lines_of_latency(comparable)))
    fields = []
    # What is synced takes other times than what is not; panels of the same axis can be compared.
    for panels in ([panel for panel in kind if panel[1]] for kind in (durable, updates)):
        y_axis = svg.Logarithmic([value for _, lines in panels for value in heights(lines)]) if panels else None
        for title, lines in panels:
            x_axis = svg.Percentiles([point[0] for line in lines for point in line.points])
            dots = [(line.name, point) for line in lines for point in line.points if point[0] in dict(x_axis.ticks)]
            fields.append(Field(title, "percentile of puts", "latency, us", x_axis, y_axis, lines, dots))
    if not fields:
        raise measured.missing("no percentiles of puts", "durable update update-zipf")
    return plot(
        "Latency of puts by percentile",
        measured.caption(),
        "A percentile that fewer than ten puts are beyond is left out; so are puts that are not synced of kvdb with many "
        "in flight, which wait in a queue too.",
        measured.warning(),
        STORES,
        fields,
    )


def lines_of_latency(stores):
    lines = []
    for store, outcomes in stores.items():
        rounds = [dict(points) for points in curves(outcomes, "latency of puts")]
        shared = sorted(set.intersection(*map(set, rounds))) if rounds else []
        points = [(percentile, statistics.median(one[percentile] for one in rounds)) for percentile in shared]
        points = [(percentile, value) for percentile, value in points if value > 0]
        if points:
            name, style = STORES[store]
            lines.append(Line(store, points, dataclasses.replace(style, mark="")))
    return lines


def throughput(measured):
    fields = []
    for case, thread, title, unit, axis in (
        ("durable ", "writer", "durable puts, ", "puts/s", svg.Logarithmic),
        ("read-", "thread", "reads, ", "reads/s", svg.Linear),
    ):
        by_what = {}
        for match, stores in measured.find(rf"{case}(?P<what>.+), (?P<n>\d+) {thread}s?"):
            by_what.setdefault(match["what"], []).append((match, stores))
        for what, cases in by_what.items():
            lines = by_number(cases, "rate", lambda match: int(match["n"]))
            if any(len(line.points) > 1 for line in lines):
                x_axis, y_axis = counts_axis(lines), axis(heights(lines))
                fields.append(Field(title + what, thread + "s", unit, x_axis, y_axis, lines))
        if not fields:
            raise measured.missing("no 'durable' with several numbers of writers", "durable")
    return plot(
        "Throughput by concurrency",
        measured.caption(),
        "Thin upright lines: from the worst round to the best.",
        measured.warning(),
        STORES,
        fields,
    )


def memory(measured):
    factors = {"M": 1_000_000, "k": 1_000}
    fields = []
    for kind in ("random", "dense"):
        cases = measured.find(rf"memory at (?P<n>\d+)(?P<factor>[Mk]) keys, {kind}")
        lines = by_number(cases, "resident", lambda match: int(match["n"]) * factors[match["factor"]])
        if any(len(line.points) > 1 for line in lines):
            x_axis = counts_axis(lines, lambda n: f"{n // 1_000_000}M" if n >= 1_000_000 else f"{n // 1_000}k")
            fields.append(Field(f"{kind} keys", "keys", "bytes a key", x_axis, svg.Linear(heights(lines)), lines))
    if not fields:
        raise measured.missing("no 'memory' at several numbers of keys", "memory")
    return plot(
        "Memory by keys",
        measured.caption(),
        "Resident memory without mapped files and without a cache, less that of an empty store, over the number of keys.",
        measured.warning(),
        STORES,
        fields,
    )


def size(measured):
    fields = []
    for match, stores in measured.find(r"(?P<what>update.*)"):
        lines, dots = [], []
        for store, outcomes in stores.items():
            pair = median_round(curves(outcomes, "space under updates"), curves(outcomes, "space while settling"))
            if pair:
                updates, settling = pair
                style = dataclasses.replace(STORES[store][1], mark="")
                lines.append(Line(store, updates, style))
                lines.append(Line(store, updates[-1:] + settling, dataclasses.replace(style, width=1)))
                dots.append((store, updates[-1]))
        if lines:
            x_axis = svg.Linear([point[0] for line in lines for point in line.points])
            y_axis = svg.Logarithmic([value for value in heights(lines) if value > 0])
            title = f"{match['what']}, 5.5 times rewritten"
            fields.append(Field(title, "seconds", "bytes on disk per byte of data", x_axis, y_axis, lines, dots))
    if not fields:
        raise measured.missing("no size over time", "update update-zipf")
    return plot(
        "Disk size over time under updates",
        measured.caption("the middle one of"),
        "Thick: under updates; a mark where these end; thin: left alone until the store is quiet.",
        measured.warning(),
        STORES,
        fields,
    )


def median_round(updates, settling):
    """The curves of the round whose updates took the middle time."""
    rounds = sorted(zip(updates, settling), key=lambda pair: pair[0][-1][0])
    return rounds[(len(rounds) - 1) // 2] if rounds else None


# ---- the plot of service.py


def service(file):
    rounds = load(file)
    found = {}
    try:
        for one in rounds:
            for name, figures in one.items():
                call, in_flight = re.fullmatch(r"(.+) @(\d+)", name).groups()
                for unit in ("rate", "cpu"):
                    found.setdefault(unit, {}).setdefault(call, {}).setdefault(int(in_flight), []).append(figures[unit])
    except (AttributeError, KeyError, TypeError) as e:
        raise FileUnusable(f"'{file}' is not what service.py writes with --json ({type(e).__name__}: {e})") from e
    fields = []
    for unit, title in (("rate", "calls/s"), ("cpu", "server's processor time, us a call")):
        calls = of_names(found.get(unit, {}), CALLS)
        lines = [Line(call, sorted((n, *spread(values)) for n, values in by_n.items())) for call, by_n in calls.items()]
        if not any(len(line.points) > 1 for line in lines):
            raise FiguresMissing(f"'{file}' has no calls with several numbers in flight: run {SERVICE}")
        y_axis = svg.Logarithmic([value for value in heights(lines) if value > 0])
        fields.append(Field(title, "calls in flight", title, counts_axis(lines), y_axis, lines))
    count = f"medians of {len(rounds)} rounds" if len(rounds) > 1 else "1 round"
    caption = f"A server over gRPC on loopback, values of 100 bytes; {count}"
    note = "Thin upright lines: from the worst round to the best. The load takes its share of the same machine."
    return plot("Calls of the service by calls in flight", caption, note, "", CALLS, fields)


# ---- drawing


def plot(title, caption, note, warning, looks, fields):
    """A drawing of panels, with one legend for all."""
    rows = (len(fields) + COLUMNS - 1) // COLUMNS
    names = [name for name in looks if any(line.name == name for field in fields for line in field.lines)]
    drawing = svg.Drawing(WIDTH, TOP + rows * ROW_STEP, title, describe(caption, fields, looks))
    drawing.text(24, 26, title, size=17)
    drawing.text(24, 46, caption, color=svg.PALE_INK)
    drawing.text(24, 63, note, color=svg.PALE_INK)
    drawing.text(WIDTH - 24, 26, warning, color=svg.WARNING, anchor="end")
    drawing.legend(24, 86, [looks[name] for name in names], LEGEND_STEP)
    for i, field in enumerate(fields):
        left, top = LEFT + i % COLUMNS * COLUMN_STEP, TOP + i // COLUMNS * ROW_STEP
        panel = svg.Panel(drawing, left, top, PANEL_WIDTH, PANEL_HEIGHT, field.x_axis, field.y_axis)
        panel.frame(field.title, field.x_title, field.y_title)
        for line in field.lines:
            style = line.style or looks[line.name][1]
            panel.series([point[:2] for point in line.points], style)
            for x, _, *least_and_most in line.points:
                if least_and_most:
                    panel.span(x, *least_and_most, style)
        for name, place in field.dots:
            panel.point(*place, looks[name][1])
    return drawing


def describe(caption, fields, looks):
    """What the plot says, in words: of each line the value at its right end."""
    sentences = []
    for field in fields:
        ends = {line.name: line.points[-1] for line in field.lines}
        values = [f"{looks[name][0]} {svg.number(end[1])} at {svg.number(end[0])}" for name, end in ends.items()]
        sentences.append(f"{field.title}, {field.y_title} by {field.x_title}: {', '.join(values)}.")
    return f"{caption}. {' '.join(sentences)}"


# ---- the program


def say(line):
    print(f"plots.py: {line}", file=sys.stderr)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description="Draws the plots of docs/benchmarks.md from what was measured.",
        epilog="Exit codes: 0 all plots are written; 1 figures are missing, the messages say what measures them, and the"
        " other plots are written; 2 the command line is wrong, or a file cannot be read or written.",
    )
    parser.add_argument("--bench", metavar="FILE", help="what kvdb-bench wrote with --json")
    parser.add_argument("--service", metavar="FILE", help="what service.py wrote with --json")
    parser.add_argument("--out", metavar="DIR", required=True, help="where the plots go; made where it is not there")
    options = parser.parse_args(arguments)
    if options.bench is None and options.service is None:
        parser.error("nothing to draw: name a file with --bench or --service")
    return options


def main(arguments=None):
    options = parse(arguments)
    missing = 0
    try:
        plots = []
        if options.bench:
            measured = Measured(options.bench)
            plots += [(kind.__name__, kind, measured) for kind in (latency, throughput, memory, size)]
        if options.service:
            plots.append((service.__name__, service, options.service))
        os.makedirs(options.out, exist_ok=True)
        for name, kind, source in plots:
            try:
                kind(source).write(os.path.join(options.out, name + ".svg"))
            except FiguresMissing as e:
                missing += 1
                say(f"no {name}.svg: {e}")
    except FileUnusable as e:
        say(e)
        return 2
    except OSError as e:
        say(f"'{e.filename}' cannot be written: {e.strerror}")
        return 2
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
