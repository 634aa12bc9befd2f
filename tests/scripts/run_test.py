#!/usr/bin/env python3
"""scripts/run as a newcomer meets it: it shows a write and a read, ends when asked, and leaves nothing running.

usage: run_test.py ROOT PROGRAM
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop()
ROOT = Path(sys.argv.pop())
PATIENCE_SECONDS = 120


def free_ports(count):
    """Ports that nobody holds now; all are held at once while choosing, so they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def left_over(folder):
    """Processes, by command line, that were started for a cluster file in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(w.startswith(os.fsencode(folder)) for w in words) and b"run_test.py" not in b" ".join(words):
            found.append(b" ".join(words).decode())
    return found


class Run(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="troupe-run-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.file = self.folder / f"{self.folder.name}.yaml"
        self.log = ROOT / "data" / f"{self.folder.name}.log"
        self.addCleanup(lambda: self.log.unlink(missing_ok=True))
        self.ports = free_ports(9)
        nodes = "".join(
            f"  - {{name: n{i + 1}, zone: {zone}, port: {self.ports[3 * i]}, metrics: {self.ports[3 * i + 1]}, "
            f"http: {self.ports[3 * i + 2]}, data: {self.folder}/n{i + 1}}}\n"
            for i, zone in enumerate("abc"))
        self.file.write_text(f"cluster: {self.folder.name}\nzones: [a, b, c]\nnodes:\n{nodes}api: {{auth: none}}\n")

    def start(self, *arguments, program=PROGRAM):
        # A session of its own stands for a terminal: what a Ctrl-C there reaches, and nothing else.
        process = subprocess.Popen([ROOT / "scripts/run", "--program", program, *arguments, self.file], text=True,
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(process.stdout.close)
        return process

    def outcome(self, process):
        try:
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        return process.returncode, said

    def test_check_shows_a_write_and_a_read_and_ends(self):
        code, said = self.outcome(self.start("--check"))
        self.assertEqual(code, 0, said)
        self.assertIn("Three zones are up", said)
        self.assertEqual(said.count("two disks in two zones"), 2, said)
        for node in ("n1", "n2", "n3"):
            self.assertRegex(said, rf"\b{node}\b")
        self.assertIn("All nodes ended cleanly.", said)
        self.assertEqual(left_over(self.folder), [])
        # The data stays, and a second start finds the table there.
        code, said = self.outcome(self.start("--check"))
        self.assertEqual(code, 0, said)

    def test_it_stays_until_ctrl_c(self):
        process = self.start()
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C stops all nodes" in line:
                break
        self.assertIsNone(process.poll(), said)
        os.killpg(process.pid, signal.SIGINT)
        code, rest = self.outcome(process)
        self.assertEqual(code, 0, said + rest)
        self.assertEqual(left_over(self.folder), [])

    def test_a_port_that_is_taken_is_named(self):
        with socket.create_server(("127.0.0.1", self.ports[5])):
            code, said = self.outcome(self.start("--check"))
        self.assertEqual(code, 1, said)
        self.assertIn(f"port {self.ports[5]} is taken", said)

    def test_a_wrong_file_is_explained(self):
        self.file.write_text(self.file.read_text().replace("zone: c", "zone: d"))
        code, said = self.outcome(self.start("--check"))
        self.assertEqual(code, 1, said)
        self.assertTrue(re.search(r":6:\d+: node 'n3' stands in unknown zone 'd'", said), said)

    def test_nodes_that_do_not_start_are_reported_with_what_they_said(self):
        broken = self.folder / "broken"
        broken.write_text('#!/bin/sh\n[ "$1" = check ] && exit 0\n[ "$1" = up ] && echo the disk is on fire\nexit 3\n')
        broken.chmod(0o755)
        code, said = self.outcome(self.start("--check", program=broken))
        self.assertEqual(code, 1, said)
        self.assertIn("the cluster did not start", said)
        self.assertIn("the disk is on fire", said)


if __name__ == "__main__":
    unittest.main()
