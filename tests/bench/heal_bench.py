#!/usr/bin/env python3
"""How long a partition takes to have its third vote and its third copy again, by its size, and what clients notice of
it. Run by scripts/bench heal.

For each size a fresh cluster of six nodes in three zones is started and a table of one partition filled. Clients ask at
a fixed rate all the time, half reads and half updates. Healing is stopped (`troupe heal --pause`), a node with a copy is
killed, and after a while healing goes on: that is the moment from which the times count, as the silence has been noticed
by then. So there are three latencies: with all nodes, with one of them dead, and while the copy is made anew beside that.
"""
import argparse
import csv
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

NODES = 6
ITEM_BYTES = 1000
START_SECONDS = 60
LOAD_SECONDS = 1800
HEAL_SECONDS = 3600


def say(text):
    print(text, flush=True)


class Failed(Exception):
    pass


# A signal is only noted: it may come while a process is being started that nobody knows of yet.
interrupted = threading.Event()


def go_on():
    if interrupted.is_set():
        raise KeyboardInterrupt


class Cluster:
    """Six nodes of Troupe, each a process of its own."""

    def __init__(self, troupe, folder, port):
        self.troupe = troupe
        self.folder = folder
        self.file = folder / "cluster.yaml"
        self.processes = {}
        lines = ["cluster: bench-heal", "zones: [a, b, c]", "nodes:"]
        for i in range(NODES):
            roles = "[storage, router, metadata]" if i < 3 else "[storage, router]"
            lines += [f"  - name: n{i + 1}", f"    zone: {'abc'[i % 3]}", f"    port: {port + i}",
                      f"    data: {folder}/n{i + 1}", f"    roles: {roles}"]
        lines += ["healing:", "  silence: 2s", "  grace: 1s", "archive:", f"  directory: {folder}/archive"]
        self.file.write_text("\n".join(lines) + "\n")
        self.at = f"127.0.0.1:{port}"

    def start(self):
        for i in range(NODES):
            log = open(self.folder / f"n{i + 1}.log", "ab")
            self.processes[f"n{i + 1}"] = subprocess.Popen(
                [self.troupe, "node", str(self.file), f"n{i + 1}"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait(START_SECONDS, "the cluster did not come up",
                  lambda s: sum(n["alive"] for n in s["nodes"]) == NODES and s["healthy"])

    def stop(self):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def kill(self, node):
        process = self.processes.pop(node)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def ask(self, *arguments, seconds=30):
        go_on()
        answer = subprocess.run([self.troupe, *arguments, "--at", self.at], capture_output=True, text=True,
                                timeout=seconds)
        go_on()
        return answer

    def status(self):
        answer = self.ask("status", "--json")
        return json.loads(answer.stdout) if answer.returncode in (0, 1) and answer.stdout else None

    def wait(self, seconds, complaint, holds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seen = self.status()
            if seen and holds(seen):
                return time.monotonic()
            time.sleep(0.1)
        raise Failed(complaint)

    def partition(self, seen):
        return next(p for p in seen["partitions"] if p["table"] == "bench")


class Load:
    """`troupe bench` over and over, a few seconds each, until it is told to end."""

    def __init__(self, cluster, options, name):
        self.cluster, self.options, self.name = cluster, options, name
        self.runs = []
        self.trouble = None
        self.ending = threading.Event()

    def once(self):
        path = self.cluster.folder / "run.csv"
        path.unlink(missing_ok=True)
        answer = self.cluster.ask("bench", "--table", "bench", "--no-load", "--workload", "a", "--distribution", "uniform",
                                  "--items", str(self.options.items), "--size", str(ITEM_BYTES), "--clients",
                                  str(self.options.clients), "--rate", str(self.options.rate), "--warmup", "0",
                                  "--seconds", str(self.options.run_seconds), "--csv", str(path),
                                  seconds=self.options.run_seconds + 120)
        if not path.exists():
            raise Failed(f"the load failed: {answer.stderr.strip()}")
        with open(path, newline="", encoding="utf-8") as file:
            self.runs.append(next(row for row in csv.DictReader(file) if row["operation"] == "update"))

    def run(self):
        try:
            while not self.ending.is_set():
                self.once()
        except (Failed, KeyboardInterrupt, subprocess.TimeoutExpired) as why:
            self.trouble = why

    def row(self):
        if not self.runs:
            raise Failed("nothing was measured")
        of = lambda name: [float(run[name]) for run in self.runs]
        return {"phase": self.name, "p50_ms": statistics.median(of("p50_us")) / 1000,
                "p99_ms": statistics.median(of("p99_us")) / 1000, "worst_p99_ms": max(of("p99_us")) / 1000,
                "per_second": statistics.median(of("per_second")), "runs": len(self.runs)}


def measure(options, megabytes, folder):
    options.items = megabytes * 1000 * 1000 // ITEM_BYTES
    cluster = Cluster(options.troupe, folder, options.port)
    try:
        cluster.start()
        filled = cluster.ask("bench", "--table", "bench", "--partitions", "1", "--workload", "c", "--items",
                             str(options.items), "--size", str(ITEM_BYTES), "--clients", "64", "--warmup", "0",
                             "--seconds", "0.1", seconds=LOAD_SECONDS)
        if filled.returncode != 0:
            raise Failed(f"the table was not filled: {filled.stderr.strip()}")
        whole = Load(cluster, options, "all nodes")
        for _ in range(options.runs):
            whole.once()
        if cluster.ask("heal", "--pause", "--why", "measuring").returncode != 0:
            raise Failed("healing could not be stopped")
        partition = cluster.partition(cluster.status())
        members = [m["node"] for m in partition["members"] if m["node"] != partition["leader"]]
        victim = max(members)  # n4 to n6 are no metadata nodes
        cluster.kill(victim)
        cluster.wait(60, "nobody noticed that a node is dead",
                     lambda s: any(n["name"] == victim and not n["alive"] for n in s["nodes"]))
        degraded = Load(cluster, options, "one dead")
        for _ in range(options.runs):
            degraded.once()
        healing = Load(cluster, options, "healing")
        thread = threading.Thread(target=healing.run)
        thread.start()
        try:
            if cluster.ask("heal", "--resume").returncode != 0:
                raise Failed("healing could not go on")
            began = time.monotonic()

            def voters(seen, kinds):
                return sum(m["runs"] and m["kind"] in kinds for m in cluster.partition(seen)["members"])

            third = cluster.wait(120, "there was no third vote", lambda s: voters(s, ("storage", "log")) == 3) - began
            full = cluster.wait(HEAL_SECONDS, "there was no third copy", lambda s: voters(s, ("storage",)) == 3
                                and not any(h["table"] == "bench" for h in s["healing"])) - began
        finally:
            healing.ending.set()
            thread.join()
        if healing.trouble:
            raise Failed(str(healing.trouble))
        return [{"megabytes": megabytes, "third_vote_s": third, "third_copy_s": full, **load.row()}
                for load in (whole, degraded, healing)]
    finally:
        cluster.stop()


def table(rows):
    lines = ["| items | a third vote | a third copy | updates | p50 | p99 | worst p99 of a run | updates/s |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        first = row["phase"] == "all nodes"
        lines.append("| " + " | ".join((
            f"{row['megabytes']} MB" if first else "", f"{row['third_vote_s']:.1f} s" if first else "",
            f"{row['third_copy_s']:.1f} s" if first else "", row["phase"], f"{row['p50_ms']:.2f} ms",
            f"{row['p99_ms']:.2f} ms", f"{row['worst_p99_ms']:.2f} ms", f"{row['per_second']:.0f}")) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--troupe", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", default="10,100,1000", help="MB of items, one cluster each")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rate", type=int, default=500, help="requests a second")
    parser.add_argument("--run-seconds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="with all nodes, and with one of them dead")
    parser.add_argument("--port", type=int, default=27100)
    options = parser.parse_args()
    try:
        sizes = [int(size) for size in options.sizes.split(",")]
    except ValueError:
        parser.error("--sizes wants whole numbers with commas between them")
    if not sizes or min(sizes) < 1:
        parser.error("--sizes wants sizes above 0")
    for port in range(options.port, options.port + NODES):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                parser.error(f"port {port} is taken; choose others with --port")
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: interrupted.set())
    rows = []
    for size in sizes:
        folder = options.out / "cluster"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            rows += measure(options, size, folder)
        except Failed as why:
            say(f"scripts/bench heal: {size} MB: {why}; see {folder}")
            return 1
        except KeyboardInterrupt:
            shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)
        (options.out / "summary.txt").write_text(table(rows))
        with open(options.out / "results.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    say(table(rows).rstrip("\n"))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("Stopping the servers; what was measured so far is in the folder of --out\n")
        sys.exit(130)
