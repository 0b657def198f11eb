"""Tests of svg.py and of the plot of soak.py: python3 -m unittest discover -s src/bench/scripts -p '*_test.py'"""
import csv
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree as tree

import svg

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "scripts"))
import soak

NAMESPACE = "{http://www.w3.org/2000/svg}"


class AxesTest(unittest.TestCase):
    def test_axis_holds_all_values_and_has_a_few_ticks(self):
        for values in ([1], [0.003, 0.7], [1, 19.5], [7, 400_000], [5, 5], [99.9, 100]):
            for axis in (svg.Linear(values), svg.Logarithmic(values)):
                self.assertTrue(all(0 <= axis.share(value) <= 1 for value in values), values)
                shares = [axis.share(value) for value, _ in axis.ticks]
                self.assertEqual(shares, sorted(set(shares)))
                self.assertTrue(shares[0] >= 0 and shares[-1] <= 1 + 1e-9, shares)
                self.assertTrue(2 <= len(axis.ticks) <= 12, axis.ticks)

    def test_linear_axis_goes_below_zero_only_where_values_do(self):
        self.assertEqual(svg.Linear([3, 90]).ticks[0][0], 0)
        self.assertLessEqual(svg.Linear([-3, 90]).low, -3)
        self.assertEqual(svg.Linear([0, 0]).share(0), 0)

    def test_each_nine_takes_as_much(self):
        axis = svg.Percentiles([99.9])
        self.assertEqual([label for _, label in axis.ticks], ["0", "50", "90", "99", "99.9"])
        for i, percentile in enumerate((0, 90, 99, 99.9)):
            self.assertAlmostEqual(axis.share(percentile), i / 3)

    def test_text_is_escaped(self):
        drawing = svg.Drawing(10, 10, "a<b", "c&d")
        drawing.text(1, 1, "<e>")
        root = tree.fromstring("".join(drawing.parts + ["</svg>"]))
        self.assertEqual([child.text for child in root], ["a<b", "c&d", None, "<e>"])


class SoakTest(unittest.TestCase):
    def test_samples_are_drawn_with_a_gap_while_no_server_runs(self):
        with tempfile.TemporaryDirectory() as directory:
            samples, drawn = os.path.join(directory, "soak.csv"), os.path.join(directory, "soak.svg")
            with open(samples, "w", newline="") as file:
                rows = csv.DictWriter(file, soak.COLUMNS, restval="")
                rows.writeheader()
                for second in range(400):
                    row = {"second": second, "disk_mib": 5}
                    if second == 200:
                        row["event"] = "kill"
                    elif not 200 < second < 210:
                        row |= {"rss_mib": 300 + second % 7, "heap_mib": 50, "descriptors": 90, "live_mib": 2}
                        row |= {"gc_runs": second // 100, "p50_ms": 0, "p99_ms": 30}
                    rows.writerow(row)
            soak.plot(samples, drawn)
            root = tree.parse(drawn).getroot()
            self.assertIn("2 collections, 1 kills, 0 restarts", root[0].text)
            lines = [line for line in root.iter(NAMESPACE + "polyline") if line.get("stroke-width") == "1.3"]
            # Two series of each panel, one of descriptors; all but the size of the files are broken. And the legend's.
            self.assertEqual(len(lines), 6 * 2 + 1 + 7)


if __name__ == "__main__":
    unittest.main()
