#!/usr/bin/env python3
"""The measuring side of soak.sh.

    soak.py sample STATE DATA_DIRECTORY CSV   once a second, until STATE is gone
    soak.py judge CSV                         exits with 1 where a series is not flat
    soak.py plot CSV SVG                      draws the series

STATE holds "PID HTTP_PORT EVENT" of the server that runs now. While no server runs, PID is 0 and its columns are empty.
"""
import csv
import os
import re
import statistics
import sys
import time
import urllib.request

# The drawing is shared with the plots of the benchmarks.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench", "scripts"))
import svg

COLUMNS = ["second", "event", "rss_mib", "heap_mib", "descriptors", "disk_mib", "live_mib", "gc_runs", "p50_ms", "p99_ms"]
MIB = 1024 * 1024
WIDTH, PANEL_HEIGHT, LEFT, TOP, GAP = 960, 150, 70, 70, 50

# What flat means: the median of the last third is at most so many times that of the second third. Latency is that of
# a machine that does other things as well.
GROWTH_MAX = {"rss_mib": 1.25, "heap_mib": 1.25, "descriptors": 1.25, "disk_mib": 1.25, "live_mib": 1.25, "p50_ms": 3, "p99_ms": 3}

# Title, columns with their color and name, whether the axis is logarithmic.
PANELS = [
    ("Memory of the server process, MiB", [("rss_mib", "#1f6fb4", "resident"), ("heap_mib", "#e08214", "heap used")], False),
    ("Open descriptors", [("descriptors", "#1f6fb4", "of the process")], False),
    ("Data directory, MiB", [("disk_mib", "#1f6fb4", "all files"), ("live_mib", "#e08214", "live records")], False),
    ("Latency of calls in the server, ms, logarithmic", [("p50_ms", "#1f6fb4", "median"), ("p99_ms", "#e08214", "99th percentile")], True),
]
EVENTS = {"kill": ("#c00000", "kill -9"), "stop": ("#3a9a3a", "SIGTERM")}


def directory_bytes(directory):
    total = 0
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        try:
            total += os.stat(os.path.join(directory, name)).st_blocks * 512
        except FileNotFoundError:
            pass  # collected meanwhile
    return total


def metrics(port):
    """The sum of each metric over its labels but for the bucket's bound of calls that went well."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/q/metrics", timeout=5) as reply:
        text = reply.read().decode()
    values, buckets = {}, {}
    for line in text.splitlines():
        found = re.match(r"([a-z_]+)(?:\{(.*)\})? (\S+)$", line)
        if not found:
            continue
        name, labels, value = found.group(1), found.group(2) or "", float(found.group(3))
        if name == "jvm_memory_used_bytes" and 'area="heap"' not in labels:
            continue
        if name == "kvdb_operations_seconds_bucket":
            if 'outcome="ok"' in labels and re.search(r'op="(get|set|remove)"', labels):
                bound = float(re.search(r'le="([^"]*)"', labels).group(1).replace("+Inf", "inf"))
                buckets[bound] = buckets.get(bound, 0) + value
        else:
            values[name] = values.get(name, 0) + value
    return values, buckets


def quantile_ms(before, now, share):
    """A quantile of the calls between two readings, on a straight line within its bucket."""
    counts = [(bound, now[bound] - before.get(bound, 0)) for bound in sorted(now)]
    if not counts or counts[-1][1] <= 0:
        return ""
    wanted, lower, below = share * counts[-1][1], 0.0, 0.0
    for bound, count in counts:
        if count >= wanted:
            upper = bound if bound != float("inf") else lower
            return round(1000 * (lower + (upper - lower) * (wanted - below) / max(count - below, 1e-9)), 3)
        lower, below = bound, count
    return ""


def sample(state_file, directory, csv_file):
    began, last_pid, buckets_before = time.monotonic(), 0, {}
    with open(csv_file, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        last_event = ""
        while os.path.exists(state_file):
            with open(state_file) as state:
                words = state.read().split()
            row = dict.fromkeys(COLUMNS, "")
            row["second"] = round(time.monotonic() - began)
            row["disk_mib"] = round(directory_bytes(directory) / MIB, 2)
            if len(words) == 3:
                pid, port, event = int(words[0]), words[1], words[2]
                row["event"] = event.split(":")[0] if event != last_event else ""
                last_event = event
                if pid != last_pid:
                    last_pid, buckets_before = pid, {}
                try:
                    if pid:
                        values, buckets = metrics(port)
                        with open(f"/proc/{pid}/status") as status:
                            row["rss_mib"] = round(int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024, 1)
                        row["descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
                        row["heap_mib"] = round(values["jvm_memory_used_bytes"] / MIB, 1)
                        row["live_mib"] = round(values["kvdb_log_live_bytes"] / MIB, 2)
                        row["gc_runs"] = int(values["kvdb_gc_runs_total"])
                        row["p50_ms"] = quantile_ms(buckets_before, buckets, 0.5)
                        row["p99_ms"] = quantile_ms(buckets_before, buckets, 0.99)
                        buckets_before = buckets
                except (OSError, AttributeError) as e:
                    # The server is being stopped, or is not there yet.
                    print(f"second {row['second']}: {e}", file=sys.stderr)
            rows.writerow([row[column] for column in COLUMNS])
            file.flush()
            time.sleep(max(0.0, 1 - (time.monotonic() - began) % 1))


def read(csv_file):
    with open(csv_file, newline="") as file:
        return list(csv.DictReader(file))


def series(rows, column):
    return [(int(row["second"]), float(row[column])) for row in rows if row[column]]


def judge(csv_file):
    rows = read(csv_file)
    end = int(rows[-1]["second"])
    flat = True
    for column, growth_max in GROWTH_MAX.items():
        points = series(rows, column)
        second = [value for at, value in points if end / 3 <= at < 2 * end / 3]
        last = [value for at, value in points if at >= 2 * end / 3]
        if not second or not last:
            print(f"NOT FLAT: {column} has too few samples")
            flat = False
            continue
        before, after = round(statistics.median(second), 3), round(statistics.median(last), 3)
        if after > before * growth_max:
            print(f"NOT FLAT: {column} grew from {before} to {after}, more than {growth_max} times")
            flat = False
        else:
            print(f"flat: {column}, median of the second third {before}, of the last {after}")
    return flat


def thinned(points, seconds):
    """The median of each few seconds; None where there is a gap."""
    groups = {}
    for at, value in points:
        groups.setdefault(at // seconds, []).append(value)
    out, before = [], None
    for group in sorted(groups):
        if before is not None and group > before + 1:
            out.append(None)
        out.append(((group + 0.5) * seconds, statistics.median(groups[group])))
        before = group
    return out


def minutes_axis(end):
    """About six ticks, each a whole number of minutes where there are some."""
    minutes = max(1, round(end / 60 / 6)) if end >= 360 else end / 360
    ticks = [i * minutes for i in range(int(end / 60 / minutes + 0.01) + 1)]
    return svg.Ticked(end, [(60 * at, svg.number(at) + (" min" if at == 0 else "")) for at in ticks])


def heading(rows, end):
    kinds = {kind: sum(row["event"] == kind for row in rows) for kind in EVENTS}
    gc_runs = sum(max(0, int(b["gc_runs"]) - int(a["gc_runs"]))
                  for a, b in zip(rows, rows[1:]) if a["gc_runs"] and b["gc_runs"])
    return (f"soak.sh: {end / 60:.0f} minutes of mixed load, {gc_runs} collections, {kinds['kill']} kills, "
            f"{kinds['stop']} restarts")


def plot(csv_file, svg_file):
    rows = read(csv_file)
    end = max(1, int(rows[-1]["second"]))
    seconds = max(1, end // 300)
    title = heading(rows, end)
    drawing = svg.Drawing(WIDTH, TOP + len(PANELS) * (PANEL_HEIGHT + GAP), title,
                          "Over time: " + "; ".join(f"{panel}: {', '.join(name for _, _, name in lines)}"
                                                    for panel, lines, _ in PANELS))
    drawing.text(LEFT, 22, title, size=15)
    drawing.text(LEFT, 40, f"Medians of {seconds} s each; a line of a server begins anew with each.", color=svg.PALE_INK)
    drawing.legend(LEFT + 480, 40, [(name, svg.Style(color)) for color, name in EVENTS.values()], 110)
    for number, (panel_title, lines, logarithmic) in enumerate(PANELS):
        drawn = [(thinned(series(rows, column), seconds), svg.Style(color, width=1.3), name) for column, color, name in lines]
        if logarithmic:
            drawn = [([point and (point[0], max(point[1], 1e-3)) for point in points], style, name)
                     for points, style, name in drawn]
        values = [point[1] for points, _, _ in drawn for point in points if point]
        if not values:
            continue
        panel = svg.Panel(drawing, LEFT, TOP + number * (PANEL_HEIGHT + GAP), WIDTH - LEFT - 30, PANEL_HEIGHT,
                          minutes_axis(end), (svg.Logarithmic if logarithmic else svg.Linear)(values))
        panel.frame(panel_title)
        drawing.legend(LEFT + 480, panel.top - 8, [(name, style) for _, style, name in drawn], 150)
        for row in rows:
            if row["event"] in EVENTS:
                panel.upright(int(row["second"]), EVENTS[row["event"]][0])
        for points, style, _ in drawn:
            panel.series(points, style)
    drawing.write(svg_file)


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode == "sample":
        sample(*sys.argv[2:5])
    elif mode == "judge":
        sys.exit(0 if judge(sys.argv[2]) else 1)
    elif mode == "plot":
        plot(*sys.argv[2:4])
    else:
        sys.exit(__doc__)
