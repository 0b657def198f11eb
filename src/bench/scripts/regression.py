#!/usr/bin/env python3
"""Fails where kvdb has become twice as slow beside another store as it was.

    src/bench/scripts/regression.py [--record] [--rounds N]

Runs a few workloads of target/kvdb-bench.jar at a tenth of the full scale and compares the ratios of kvdb's figures to
the other store's, of the same run, with those in regression.json beside this script. Figures are processor time where
there is one, which does not depend on what else the machine does. --record writes the file anew.

Exit codes: 0 no figure is twice as bad; 1 one is, and stays so when it is measured again, or something could not be
measured; 2 the command line is wrong, or there is no build.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
JAR = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))), "target", "kvdb-bench.jar")
RECORD = os.path.join(HERE, "regression.json")
WORSE_MAX = 2.0

# Workload of kvdb-bench, the one case of it, the figure, and the other store.
CHECKS = [
    ("fill-random", "fill-random 100 B", "processor time", "lmdb"),
    ("durable", "durable 100 B, 16 writers", "processor time", "rocksdb"),
    ("read-uniform", "read-uniform 100 B, 2 threads", "processor time", "lmdb"),
    ("read-zipf", "read-zipf 100 B, 2 threads", "processor time", "lmdb"),
    ("open", "open 1M keys, after a close", "processor time", "rocksdb"),
]


class NotMeasured(Exception):
    """Something without which there is no figure."""


def measure(check, rounds):
    """The ratio of kvdb's figure to the other store's: the median of some rounds."""
    workload, case, figure, peer = check
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = ["java", "-jar", JAR, workload, "--only", f"^{case}$", "--peers", f"kvdb,{peer}"]
        command += ["--rounds", str(rounds), "--json", out.name]
        outcome = subprocess.run(command, stdout=subprocess.DEVNULL)
        if outcome.returncode != 0:
            raise NotMeasured(f"'{' '.join(command)}' ended with exit code {outcome.returncode}")
        for row in json.load(out)["table"]:
            if row["workload"] == case and row["figure"] == figure:
                return row["ratios"][f"kvdb / {peer}"]["median"]
    raise NotMeasured(f"kvdb-bench has no figure '{figure}' of '{case}'")


def name(check):
    return f"{check[1]}: {check[2]}, kvdb / {check[3]}"


def record(rounds):
    ratios = {name(check): round(measure(check, rounds), 3) for check in CHECKS}
    with open(RECORD, "w") as out:
        json.dump(ratios, out, indent=2)
        out.write("\n")


def compare(rounds):
    with open(RECORD) as file:
        recorded = json.load(file)
    worse = 0
    for check in CHECKS:
        before = recorded[name(check)]
        now = measure(check, rounds)
        if now > WORSE_MAX * before:
            # Once more, for what a busy machine did to the first one.
            now = min(now, measure(check, rounds))
        verdict = "TWICE AS BAD" if now > WORSE_MAX * before else "ok"
        worse += verdict != "ok"
        print(f"{name(check)}: {now:.2f}, recorded {before:.2f}: {verdict}", flush=True)
    return worse


def main():
    parser = argparse.ArgumentParser(description="Fails where kvdb has become twice as slow beside another store as it was.")
    parser.add_argument("--record", action="store_true", help=f"write {os.path.basename(RECORD)} anew")
    parser.add_argument("--rounds", type=int, default=3, help="of each figure, whose median counts; default 3")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}, must be at least 1")
    if not os.path.exists(JAR):
        parser.error("there is no target/kvdb-bench.jar: run mvn -Pbench package -Dmaven.test.skip=true")
    try:
        if options.record:
            record(options.rounds)
            return 0
        return 1 if compare(options.rounds) else 0
    except NotMeasured as e:
        print(f"regression.py: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
