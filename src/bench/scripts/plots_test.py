"""Tests of plots.py: python3 -m unittest discover -s src/bench/scripts -p '*_test.py'

The figures here are made up.
"""
import contextlib
import io
import json
import os
import re
import tempfile
import unittest
import xml.etree.ElementTree as tree

import plots
import svg

PLOTS = ["latency.svg", "memory.svg", "service.svg", "size.svg", "throughput.svg"]
NAMESPACE = "{http://www.w3.org/2000/svg}"


def figure(name, value, comparable=True):
    return {"name": name, "unit": "u", "value": value, "better": "LOWER", "comparable": comparable}


def curve(name, points):
    return {"name": name, "xUnit": "x", "unit": "y", "points": [{"x": x, "y": y} for x, y in points]}


def measurements(peer, round_number, factor):
    """One round of a store, whose figures are so many times those of another one."""
    latency = curve("latency of puts", [(0, 10 * factor), (50, 20 * factor), (99.9, 900 * factor)])
    outcomes = {}
    for n in (1, 16):
        name = "durable 100 B, " + ("1 writer" if n == 1 else f"{n} writers")
        outcomes[name] = [figure("rate", 5000 * n * factor + round_number)], [latency]
        outcomes[f"read-zipf 1 KiB, {n} threads"] = [figure("rate", 1e6 * n * factor)], []
    for keys in ("300k", "1M"):
        for kind in ("random", "dense"):
            outcomes[f"memory at {keys} keys, {kind}"] = [figure("resident", 18 * factor)], []
    updates = curve("space under updates", [(0, 1.1), (2 * factor, 1.9)])
    settling = curve("space while settling", [(3 * factor, 1.4)])
    outcomes["update 1 KiB"] = [figure("put p50", 2, peer != "kvdb")], [updates, settling, latency]
    return [
        {"workload": name, "peer": peer, "round": round_number, "outcome": {"figures": figures, "curves": curves}}
        for name, (figures, curves) in outcomes.items()
    ]


def document(peers=("kvdb", "rocksdb"), scale="full"):
    about = {"kvdb": "1 <&>", "scale": scale, "rounds": "2", "processor": "one", "java": "17"}
    of_rounds = [measurements(peer, n, i + 1) for n in (1, 2) for i, peer in enumerate(peers)]
    return {"about": about, "table": [], "measurements": sum(of_rounds, [])}


def service():
    return [{f"{call} @{n}": {"rate": 1000.0 * n, "cpu": 20.0} for call in ("empty", "etcd Put") for n in (4, 64)}] * 3


class PlotsTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def file(self, content, name="all.json"):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def run_plots(self, *arguments, out="plots"):
        """The exit code, what was said, and the plots by their names."""
        directory, said = os.path.join(self.directory, out), io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                code = plots.main([*arguments, "--out", directory])
            except SystemExit as e:
                code = e.code
        written = {}
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            with open(os.path.join(directory, name), encoding="utf-8") as text:
                written[name] = text.read()
        return code, said.getvalue(), written

    def both(self, **options):
        arguments = ["--bench", self.file(document()), "--service", self.file(service(), "service.json")]
        code, said, written = self.run_plots(*arguments, **options)
        self.assertEqual((code, said), (0, ""))
        return written

    def test_all_plots_are_written_each_time_the_same(self):
        self.assertEqual(sorted(self.both()), PLOTS)
        self.assertEqual(self.both(), self.both(out="again"))

    def test_plot_has_a_title_a_description_a_background_and_nothing_from_outside(self):
        for name, text in self.both().items():
            root = tree.fromstring(text)
            self.assertEqual([child.tag.removeprefix(NAMESPACE) for child in root[:3]], ["title", "desc", "rect"], name)
            self.assertEqual(root.get("aria-labelledby"), f"{root[0].get('id')} {root[1].get('id')}")
            self.assertEqual(root.get("role"), "img")
            self.assertEqual((root[2].get("width"), root[2].get("height")), (root.get("width"), root.get("height")))
            self.assertRegex(root[2].get("fill"), "^#[0-9a-f]{6}$")
            self.assertNotRegex(text.replace(NAMESPACE[1:-1], ""), "http|href|url|<script|style")

    def test_everything_drawn_lies_within_the_image(self):
        for name, text in self.both().items():
            root = tree.fromstring(text)
            width, height = float(root.get("width")), float(root.get("height"))
            for shape in root:
                for x, y in re.findall(r"([-\d.]+),([-\d.]+)", shape.get("points", "")):
                    self.assertTrue(0 <= float(x) <= width and 0 <= float(y) <= height, f"{name}: {shape.attrib}")

    def test_description_tells_the_medians(self):
        description = tree.fromstring(self.both()["throughput.svg"])[1].text
        self.assertIn("durable puts, 100 B, puts/s by writers: kvdb 80,001.5 at 16, RocksDB 160,002 at 16.", description)
        self.assertIn("reads, zipf 1 KiB, reads/s by threads: kvdb 16,000,000 at 16", description)

    def test_size_shows_the_middle_round(self):
        measured = document(peers=("kvdb",))
        for i, one in enumerate(one for one in measured["measurements"] if one["workload"] == "update 1 KiB"):
            one["outcome"]["curves"][1]["points"][-1] = {"x": 100 + i, "y": 1.25 + i}
        code, _, written = self.run_plots("--bench", self.file(measured))
        self.assertEqual(code, 0)
        self.assertIn("kvdb 1.25 at 100.", tree.fromstring(written["size.svg"])[1].text)

    def test_kvdb_with_many_writes_in_flight_is_not_among_latencies_that_are_no_wait_for_a_sync(self):
        description = tree.fromstring(self.both()["latency.svg"])[1].text
        self.assertIn("durable puts, 100 B, 16 writers, latency, us by percentile of puts: kvdb 900 at 99.9", description)
        self.assertIn("puts under update 1 KiB, not synced, latency, us by percentile of puts: RocksDB 1,800", description)

    def test_store_keeps_its_color_whatever_else_is_drawn(self):
        color = plots.STORES["rocksdb"][1].color
        paper = {svg.INK, svg.PALE_INK, svg.GRID, svg.PAPER, svg.WARNING}
        for peers in (("kvdb", "rocksdb"), ("rocksdb", "lmdb", "kvdb"), ("rocksdb",)):
            code, _, written = self.run_plots("--bench", self.file(document(peers)))
            self.assertEqual(code, 0)
            for name, text in written.items():
                colors = {plots.STORES[peer][1].color for peer in peers}
                self.assertEqual(set(re.findall(r"#\w{6}", text)) - paper, colors, name)
                legend = text.index(">RocksDB<")
                self.assertEqual(re.findall(r'(?:stroke|fill)="(#\w+)"', text[:legend])[-2], color, name)

    def test_quick_run_is_named_as_one(self):
        self.assertNotIn("mean nothing", self.both()["memory.svg"])
        for text in self.run_plots("--bench", self.file(document(scale="quick")), out="quick")[2].values():
            self.assertIn("these figures mean nothing", text)

    def test_missing_figures_name_the_command_and_leave_the_other_plots(self):
        workloads = {"durable": "throughput.svg", "memory": "memory.svg", "update": "size.svg"}
        for word, plot in workloads.items():
            measured = document()
            measured["measurements"] = [one for one in measured["measurements"] if not one["workload"].startswith(word)]
            code, said, written = self.run_plots("--bench", self.file(measured), out=word)
            self.assertEqual(code, 1)
            self.assertIn(f"no {plot}: ", said)
            self.assertRegex(said, rf"run java -jar target/kvdb-bench.jar {word}.* --json FILE")
            self.assertEqual(sorted(written), sorted({*PLOTS} - {plot, "service.svg"}))

    def test_file_of_an_older_bench_without_curves_lacks_two_plots(self):
        measured = document()
        for one in measured["measurements"]:
            del one["outcome"]["curves"]
        code, said, written = self.run_plots("--bench", self.file(measured))
        self.assertEqual((code, sorted(written)), (1, ["memory.svg", "throughput.svg"]))
        self.assertIn("no latency.svg", said)
        self.assertIn("no size.svg", said)

    def test_service_with_one_number_in_flight_names_the_command(self):
        rounds = [{"empty @64": {"rate": 1.0, "cpu": 2.0}}]
        code, said, written = self.run_plots("--service", self.file(rounds))
        self.assertEqual((code, written), (1, {}))
        self.assertIn("service.py --in-flight 4,16,64,256 --json FILE", said)

    def test_figure_that_is_no_number_is_not_drawn(self):
        measured = document()
        measured["measurements"][0]["outcome"]["figures"][0]["value"] = float("nan")
        code, said, written = self.run_plots("--bench", self.file(measured))
        self.assertEqual((code, said), (0, ""))
        self.assertNotIn("nan", written["throughput.svg"])

    def test_unusable_file_is_exit_code_2(self):
        absent = os.path.join(self.directory, "absent.json")
        for option, path, message in (
            ("--bench", absent, "cannot be read: No such file"),
            ("--service", absent, "cannot be read: No such file"),
            ("--bench", self.file("{"), "is not JSON"),
            ("--bench", self.file([1], "list.json"), "is not what kvdb-bench writes"),
            ("--bench", self.file({"about": {}}, "about.json"), "is not what kvdb-bench writes"),
            ("--service", self.file(document(), "bench.json"), "is not what service.py writes"),
        ):
            code, said, written = self.run_plots(option, path)
            self.assertEqual((code, written), (2, {}), said)
            self.assertIn(f"'{path}' {message}", said)

    def test_wrong_command_line_is_exit_code_2(self):
        self.assertEqual(self.run_plots()[0], 2)
        self.assertEqual(self.run_plots("--no-such-option")[0], 2)
        bench = self.file(document())
        code, said, _ = self.run_plots("--bench", bench, out="all.json")
        self.assertEqual(code, 2)
        self.assertIn("cannot be written", said)

    def test_help_names_the_exit_codes(self):
        code, said, _ = self.run_plots("--help")
        self.assertEqual(code, 0)
        self.assertIn("Exit codes: 0 all plots are written; 1", said)


if __name__ == "__main__":
    unittest.main()
