#!/usr/bin/env python3
"""scripts/bench on Troupe alone, which needs no packages beyond the build's: it measures, says so, and leaves nothing
behind but its results, also when it is stopped half-way.

usage: script_test.py ROOT PROGRAMS
"""
import csv
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAMS = sys.argv.pop()
ROOT = Path(sys.argv.pop())
PATIENCE_SECONDS = 90
PORTS = 50


def first_of_free_ports():
    """The first of 50 ports in a row that nobody holds now, below those that the system hands out itself."""
    for _ in range(100):
        first = random.randrange(2000, 3200) * 10
        held = []
        try:
            for port in range(first, first + PORTS):
                held.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise RuntimeError(f"no {PORTS} free ports in a row")


def processes_about(folder):
    """Command lines of processes that name something in the folder, but for the script itself."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(os.fsencode(folder) + b"/") for word in words):
            found.append(b" ".join(words).decode())
    return found


class Bench(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="troupe-bench-")
        self.addCleanup(temporary.cleanup)
        self.out = Path(temporary.name)
        self.port = first_of_free_ports()

    def start(self, *arguments):
        # A session of its own stands for a terminal: what a Ctrl-C there reaches, and nothing else.
        process = subprocess.Popen([ROOT / "scripts/bench", "--programs", PROGRAMS, "--only", "troupe", "--out", self.out,
                                    "--port", str(self.port), "--items", "200", "--clients", "8", *arguments],
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def outcome(self, process):
        try:
            said, complained = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        return process.returncode, said, complained

    def assert_nothing_left(self):
        self.assertEqual(processes_about(self.out), [])
        self.assertEqual(list(self.out.glob("data*")), [])

    def test_it_measures_puts_and_reads_and_leaves_only_results(self):
        code, said, complained = self.outcome(self.start("--seconds", "1", "--rounds", "1"))
        self.assertEqual(code, 0, complained)
        self.assert_nothing_left()
        self.assertEqual(said, (self.out / "summary.txt").read_text())
        self.assertIn("durable put  troupe", said)
        with open(self.out / "results.csv", newline="", encoding="utf-8") as file:
            runs = list(csv.DictReader(file))
        self.assertEqual([(run["round"], run["system"], run["request"]) for run in runs],
                         [("1", "troupe", "put"), ("1", "troupe", "read")])
        for run in runs:
            self.assertGreater(int(run["ok"]), 0, run)
            self.assertEqual([run[name] for name in ("missing", "failed", "unknown")], ["0"] * 3, run)
            # Three servers and their parent were found, and none of them was idle.
            self.assertGreater(float(run["server_cpu_us_per_operation"]), 1, run)
            self.assertGreater(float(run["machine_cores"]), float(run["client_cores"]), run)

    def test_ctrl_c_stops_everything(self):
        process = self.start("--seconds", "60")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any("--csv" in line for line in processes_about(self.out)):
            self.assertLess(time.monotonic(), deadline, "the measurement did not begin")
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        code, _, complained = self.outcome(process)
        self.assertEqual(code, 130, complained)
        self.assertIn("Stopping the servers", complained)
        self.assert_nothing_left()

    def test_a_port_that_is_taken_is_named(self):
        with socket.create_server(("127.0.0.1", self.port + 22)):
            code, _, complained = self.outcome(self.start())
        self.assertEqual(code, 1)
        self.assertIn(f"port {self.port + 22} is taken", complained)

    def test_nonsense_is_refused(self):
        for arguments, reason in ((("--only", "abacus"), "unknown system 'abacus'"), (("--seconds", "0"), "--seconds wants"),
                                  (("--port", "27101"), "multiple of 10"), (("--fast",), "unknown argument '--fast'"),
                                  (("--rounds",), "--rounds wants a value")):
            code, _, complained = self.outcome(self.start(*arguments))
            self.assertEqual(code, 1, arguments)
            self.assertIn(reason, complained)


if __name__ == "__main__":
    unittest.main()
