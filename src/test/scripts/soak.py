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


def nice_ceiling(value):
    step = 1.0
    while step * 10 < value:
        step *= 10
    while step > value:
        step /= 10
    return next(step * factor for factor in (1, 2, 2.5, 5, 10) if step * factor >= value)


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


def plot(csv_file, svg_file):
    import math
    rows = read(csv_file)
    end = max(1, int(rows[-1]["second"]))
    seconds = max(1, end // 300)
    width = WIDTH - LEFT - 30
    height = TOP + len(PANELS) * (PANEL_HEIGHT + GAP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           'font-family="sans-serif" font-size="12">', f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    kinds = {kind: sum(row["event"] == kind for row in rows) for kind in EVENTS}
    gc_runs = sum(max(0, int(b["gc_runs"]) - int(a["gc_runs"]))
                  for a, b in zip(rows, rows[1:]) if a["gc_runs"] and b["gc_runs"])
    out.append(f'<text x="{LEFT}" y="22" font-size="15">soak.sh: {end / 60:.0f} minutes of mixed load, {gc_runs} collections, '
               f'{kinds["kill"]} kills, {kinds["stop"]} restarts</text>')
    out.append(f'<text x="{LEFT}" y="40" fill="#555">Medians of {seconds} s each; a line of a server begins anew with each.</text>')
    legend = LEFT + 480
    for color, name in EVENTS.values():
        out.append(f'<line x1="{legend}" y1="36" x2="{legend + 18}" y2="36" stroke="{color}" stroke-width="2"/>'
                   f'<text x="{legend + 24}" y="40">{name}</text>')
        legend += 100
    at_x = lambda second: LEFT + width * second / end
    for number, (title, lines, logarithmic) in enumerate(PANELS):
        top = TOP + number * (PANEL_HEIGHT + GAP)
        bottom = top + PANEL_HEIGHT
        drawn = [(thinned(series(rows, column), seconds), color, name) for column, color, name in lines]
        values = [point[1] for points, _, _ in drawn for point in points if point]
        if not values:
            continue
        if logarithmic:
            low = math.floor(math.log10(max(min(values), 1e-3)))
            high = max(low + 1, math.ceil(math.log10(max(values))))
            ticks = [10.0**power for power in range(low, high + 1)]
            at_y = lambda value: bottom - PANEL_HEIGHT * (math.log10(max(value, 10.0**low)) - low) / (high - low)
        else:
            ceiling = nice_ceiling(max(values) * 1.05)
            ticks = [ceiling * i / 4 for i in range(5)]
            at_y = lambda value: bottom - PANEL_HEIGHT * value / ceiling
        out.append(f'<text x="{LEFT}" y="{top - 8}" font-size="13">{title}</text>')
        legend = LEFT + 480
        for _, color, name in drawn:
            out.append(f'<line x1="{legend}" y1="{top - 12}" x2="{legend + 18}" y2="{top - 12}" stroke="{color}" stroke-width="3"/>'
                       f'<text x="{legend + 24}" y="{top - 8}">{name}</text>')
            legend += 150
        for tick in ticks:
            y = at_y(tick)
            out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + width}" y2="{y:.1f}" stroke="#ddd"/>'
                       f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
        for row in rows:
            if row["event"] in EVENTS:
                x = at_x(int(row["second"]))
                out.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" stroke="{EVENTS[row["event"]][0]}" stroke-opacity="0.35"/>')
        for points, color, _ in drawn:
            part = []
            for point in points + [None]:
                if point:
                    part.append(f"{at_x(point[0]):.1f},{at_y(point[1]):.1f}")
                elif part:
                    out.append(f'<polyline points="{" ".join(part)}" fill="none" stroke="{color}" stroke-width="1.3"/>')
                    part = []
        minutes = max(1, round(end / 60 / 6)) if end >= 360 else end / 360
        for i in range(int(end / 60 / minutes + 0.01) + 1):
            x = at_x(i * minutes * 60)
            out.append(f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}" stroke="#333"/>'
                       f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{i * minutes:g}{" min" if i == 0 else ""}</text>')
        out.append(f'<rect x="{LEFT}" y="{top}" width="{width}" height="{PANEL_HEIGHT}" fill="none" stroke="#333"/>')
    out.append("</svg>")
    with open(svg_file, "w") as file:
        file.write("\n".join(out) + "\n")


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
