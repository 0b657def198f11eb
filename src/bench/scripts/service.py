#!/usr/bin/env python3
"""Measures the server over gRPC: calls of kvdb, and of etcd where there is one, each beside an empty call.

    src/bench/scripts/service.py [--rounds N] [--seconds N] [--in-flight N,N] [--jar FILE] [--dir DIR] [--json FILE]
        [--no-etcd]

The load is made by h2load (Debian: nghttp2-client) with 64 and 256 calls in flight (or what --in-flight says) on 4
connections, on the machine of the server. The "empty" call is grpc.health.v1.Health/Check of the same server: a unary
call that touches no store. All calls of a round are measured one after another; a ratio is that of two figures of the
same round. h2load does not look at a call's status: the server's metrics are asked whether each was ok.

Exit codes: 0 done; 1 something could not be measured, or calls failed; 2 the command line is wrong.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CONNECTIONS = 4
KEY = 1
VALUE = bytes((i * 37 + 11) & 0xFF for i in range(100))
TICKS = os.sysconf("SC_CLK_TCK")


class NotMeasured(Exception):
    """Something without which there is no figure."""


# ---- protobuf and gRPC, as far as single messages need them


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def number_field(field, number):
    return varint(field << 3) + varint(number)


def bytes_field(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def message(content):
    return b"\0" + struct.pack(">I", len(content)) + content


CALLS = {
    "empty": ("/grpc.health.v1.Health/Check", message(b"")),
    "Get, cached": ("/kvdb.v1.KeyValue/Get", message(number_field(1, KEY))),
    "Get, not cached": ("/kvdb.v1.KeyValue/Get", message(number_field(1, KEY))),
    "Set, durable": ("/kvdb.v1.KeyValue/Set", message(number_field(1, KEY) + bytes_field(2, VALUE))),
    "etcd Range": ("/etcdserverpb.KV/Range", message(bytes_field(1, b"key-0001"))),
    "etcd Put": ("/etcdserverpb.KV/Put", message(bytes_field(1, b"key-0001") + bytes_field(2, VALUE))),
}

# What is divided by what.
RATIOS = [
    ("Get, cached", "empty"),
    ("Get, not cached", "empty without a cache"),
    ("Set, durable", "empty"),
    ("Get, cached", "etcd Range"),
    ("Set, durable", "etcd Put"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- servers


class Server:
    """A process that is measured."""

    def __init__(self, name, port, command, log, environment=None):
        self.name = name
        self.port = port
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def await_ready(self, is_ready):
        deadline = time.monotonic() + 120
        while not is_ready():
            if self.process.poll() is not None:
                with open(self.log) as log:
                    raise NotMeasured(f"{self.name} ended with exit code {self.process.returncode}:\n{log.read()[-2000:]}")
            if time.monotonic() > deadline:
                raise NotMeasured(f"{self.name} was not ready within two minutes; see {self.log}")
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Kvdb(Server):
    def __init__(self, name, jar, directory, heap, settings):
        port = free_port()
        self.http = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("KVDB_", "QUARKUS_"))}
        java = os.path.join(environment["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in environment else "java"
        command = [java, f"-Xmx{heap}", "-jar", jar, "serve", "-D", f"quarkus.grpc.server.port={port}"]
        command += ["-D", f"quarkus.http.port={self.http}", "-D", f"kvdb.data-directory={directory}/{name}"]
        for setting in settings:
            command += ["-D", setting]
        super().__init__(name, port, command, f"{directory}/{name}.log", environment)
        self.await_ready(self.is_ready)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/q/health/ready", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def calls_by_outcome(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/q/metrics", timeout=30) as reply:
            text = reply.read().decode()
        calls = {}
        for tags, count in re.findall(r"^kvdb_operations_seconds_count\{([^}]*)\} (\S+)", text, re.M):
            outcome = re.search(r'outcome="([^"]*)"', tags).group(1)
            calls[outcome] = calls.get(outcome, 0) + float(count)
        return calls


class Etcd(Server):
    def __init__(self, directory):
        port, peer = free_port(), free_port()
        url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
        command = ["etcd", "--data-dir", f"{directory}/etcd", "--listen-client-urls", url, "--advertise-client-urls", url]
        command += ["--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url]
        command += ["--initial-cluster", f"default={peer_url}"]
        super().__init__("etcd", port, command, f"{directory}/etcd.log")
        self.await_ready(self.is_ready)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as reply:
                return b'"true"' in reply.read()
        except (urllib.error.URLError, OSError):
            return False


# ---- the load


class Load:
    def __init__(self, directory, seconds):
        self.directory = directory
        self.seconds = seconds

    def run(self, server, call, in_flight, seconds=None):
        """Calls for some seconds: calls a second, and the server's processor time for each, in microseconds."""
        path, body = CALLS[call]
        file = os.path.join(self.directory, "body.bin")
        with open(file, "wb") as out:
            out.write(body)
        command = ["h2load", "-t1", f"-c{CONNECTIONS}", f"-m{in_flight // CONNECTIONS}", f"-D{seconds or self.seconds}"]
        command += ["-d", file, "-H", "content-type: application/grpc", "-H", "te: trailers"]
        before = server.processor_seconds()
        begun = time.monotonic()
        outcome = subprocess.run(command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True)
        elapsed = time.monotonic() - begun
        used = server.processor_seconds() - before
        counts = re.search(r"requests: .*?(\d+) succeeded, (\d+) failed, (\d+) errored", outcome.stdout)
        if outcome.returncode != 0 or counts is None:
            raise NotMeasured(f"h2load failed on '{call}' of {server.name}:\n{outcome.stdout[-1000:]}{outcome.stderr[-1000:]}")
        succeeded, failed, errored = (int(group) for group in counts.groups())
        if succeeded == 0 or failed or errored:
            raise NotMeasured(f"'{call}' of {server.name}: {succeeded} succeeded, {failed} failed, {errored} errored")
        return {"rate": succeeded / elapsed, "cpu": used * 1e6 / succeeded}


def one(server, call, load):
    """A single call, for its effect."""
    path, body = CALLS[call]
    file = os.path.join(load.directory, "body.bin")
    with open(file, "wb") as out:
        out.write(body)
    command = ["h2load", "-n1", "-c1", "-d", file, "-H", "content-type: application/grpc", "-H", "te: trailers"]
    subprocess.run(command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True, check=True)


def measure(options, directory):
    load = Load(directory, options.seconds)
    servers = []
    try:
        kvdb = Kvdb("kvdb", options.jar, directory, options.heap, [])
        servers.append(kvdb)
        without_cache = Kvdb("kvdb-without-cache", options.jar, directory, options.heap, ["kvdb.cache.size=0"])
        servers.append(without_cache)
        steps = [
            ("empty", kvdb, "empty"),
            ("Get, cached", kvdb, "Get, cached"),
            ("Set, durable", kvdb, "Set, durable"),
            ("empty without a cache", without_cache, "empty"),
            ("Get, not cached", without_cache, "Get, not cached"),
        ]
        if options.etcd:
            etcd = Etcd(directory)
            servers.append(etcd)
            one(etcd, "etcd Put", load)
            steps += [("etcd Range", etcd, "etcd Range"), ("etcd Put", etcd, "etcd Put")]
        for server in (kvdb, without_cache):
            one(server, "Set, durable", load)
        for name, server, call in steps:
            say(f"warming up: {name}")
            load.run(server, call, max(options.in_flight), max(3, options.seconds))
        rounds = []
        for number in range(options.rounds):
            figures = {}
            # Each round begins with another call.
            turned = steps[number % len(steps) :] + steps[: number % len(steps)]
            for name, server, call in turned:
                for in_flight in options.in_flight:
                    figure = load.run(server, call, in_flight)
                    figures[f"{name} @{in_flight}"] = figure
                    say(f"round {number + 1}: {name}, {in_flight} in flight: {figure['rate']:,.0f}/s, {figure['cpu']:.1f} us")
            rounds.append(figures)
        for server in (kvdb, without_cache):
            calls = server.calls_by_outcome()
            # At the end of its time h2load leaves the calls that are on their way.
            if set(calls) - {"ok", "cancelled"}:
                raise NotMeasured(f"not all calls of {server.name} were ok: {calls}; see {server.log}")
        return rounds, [name for name, _, _ in steps]
    finally:
        for server in servers:
            server.stop()


# ---- the report


def say(line):
    print(line, file=sys.stderr, flush=True)


def middle(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def report(options, rounds, names):
    lines = [f"Rounds: {options.rounds} of {options.seconds} s a call; heap {options.heap}; {os.cpu_count()} cores,"]
    lines[0] += " of which the load takes its share; kvdb's settings are the defaults (each Set is synced)."
    lines += ["", "| call | in flight | calls/s | server's processor time, us a call |", "|---|---:|---:|---:|"]
    for name in names:
        for in_flight in options.in_flight:
            of_rounds = [figures[f"{name} @{in_flight}"] for figures in rounds]
            rate = statistics.median(figure["rate"] for figure in of_rounds)
            cpu = statistics.median(figure["cpu"] for figure in of_rounds)
            lines.append(f"| {name} | {in_flight} | {rate:,.0f} | {cpu:.1f} |")
    heads = " | ".join(f"{in_flight} in flight" for in_flight in options.in_flight)
    lines += ["", f"| ratio of calls/s: median of the rounds (least to most) | {heads} |", "|---|" + "---:|" * len(options.in_flight)]
    for over, under in RATIOS:
        if over in names and under in names:
            cells = []
            for in_flight in options.in_flight:
                rates = [figures[f"{over} @{in_flight}"]["rate"] / figures[f"{under} @{in_flight}"]["rate"] for figures in rounds]
                cells.append(middle(rates))
            lines.append(f"| {over} / {under} | {' | '.join(cells)} |")
    return "\n".join(lines)


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def in_flight_counts(text):
    """Calls in flight, as many on each connection."""
    try:
        counts = sorted({int(word) for word in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of numbers such as 64,256") from None
    if any(count < CONNECTIONS or count % CONNECTIONS for count in counts):
        raise argparse.ArgumentTypeError(f"each must be a multiple of {CONNECTIONS}, the number of connections")
    return counts


def parse():
    parser = argparse.ArgumentParser(description="Measures the server over gRPC, and etcd beside it.")
    parser.add_argument("--rounds", type=at_least_one, default=5, help="how often each call is measured; default 5")
    parser.add_argument("--seconds", type=at_least_one, default=4, help="how long each time; default 4")
    parser.add_argument(
        "--in-flight", type=in_flight_counts, default=[64, 256], metavar="N,N", help="calls in flight; default 64,256"
    )
    parser.add_argument("--heap", default="1g", help="of kvdb's server; default 1g")
    parser.add_argument("--jar", help="default: the packaged jar in target/")
    parser.add_argument("--dir", help="where the data goes, below a new directory that is deleted; default: the temporary one")
    parser.add_argument("--json", help="write each round's figures to this file")
    parser.add_argument("--no-etcd", dest="etcd", action="store_false", help="leave etcd (Debian: etcd-server) out")
    options = parser.parse_args()
    if options.jar is None:
        target = os.path.join(ROOT, "target")
        jars = [n for n in os.listdir(target) if n.endswith("-runner.jar")] if os.path.isdir(target) else []
        if len(jars) != 1:
            parser.error("there is no packaged jar in target/: run mvn package -DskipTests, or name one with --jar")
        options.jar = os.path.join(target, jars[0])
    for program, package, needed in (("h2load", "nghttp2-client", True), ("etcd", "etcd-server", options.etcd)):
        if needed and shutil.which(program) is None:
            parser.error(f"there is no {program}; on Debian: apt-get install {package}")
    return options


def main():
    options = parse()
    directory = tempfile.mkdtemp(prefix="kvdb-service.", dir=options.dir)
    try:
        rounds, names = measure(options, directory)
    except NotMeasured as e:
        say(f"service.py: {e}")
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(report(options, rounds, names))
    if options.json:
        with open(options.json, "w") as out:
            json.dump(rounds, out, indent=1)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
