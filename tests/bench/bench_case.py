"""For tests of scripts/bench: starts it, in a folder and on ports of the test's own, and sees that nothing of it stays."""
import csv
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

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


def processes_about(folder, port):
    """Command lines of processes that name something in the folder, or a port of ours by itself, but for the script."""
    found = []
    ports = {str(port + i).encode() for i in range(1, PORTS)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word in ports or word.startswith(os.fsencode(folder) + b"/") for word in words):
            found.append(b" ".join(words).decode())
    return found


class BenchCase(unittest.TestCase):
    command = ()  # the script and what always goes with it

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="troupe-bench-")
        self.addCleanup(temporary.cleanup)
        self.out = Path(temporary.name)
        self.port = first_of_free_ports()

    def start(self, *arguments):
        # A session of its own stands for a terminal: what a Ctrl-C there reaches, and nothing else.
        process = subprocess.Popen([*self.command, "--out", self.out, "--port", str(self.port), *arguments],
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
        self.assertEqual(processes_about(self.out, self.port), [])
        self.assertEqual(list(self.out.glob("data*")), [])

    def assert_ctrl_c_stops_it(self, process, sign):
        """Once a process whose command line has this sign runs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(sign in line for line in processes_about(self.out, self.port)):
            self.assertLess(time.monotonic(), deadline, "the measurement did not begin")
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        code, _, complained = self.outcome(process)
        self.assertEqual(code, 130, complained)
        self.assertIn("Stopping the servers", complained)
        self.assert_nothing_left()

    def runs(self):
        """What results.csv says, a dictionary for each run."""
        with open(self.out / "results.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def assert_nonsense_is_refused(self, *cases):
        for arguments, reason in cases:
            code, _, complained = self.outcome(self.start(*arguments))
            self.assertEqual(code, 1, arguments)
            self.assertIn(reason, complained)
