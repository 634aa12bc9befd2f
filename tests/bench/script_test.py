#!/usr/bin/env python3
"""scripts/bench on Troupe alone, which needs no packages beyond the build's: it measures, says so, and leaves nothing
behind but its results, also when it is stopped half-way.

usage: script_test.py ROOT PROGRAMS
"""
import socket
import sys
import unittest
from pathlib import Path

from bench_case import BenchCase

PROGRAMS = sys.argv.pop()
ROOT = Path(sys.argv.pop())


class Bench(BenchCase):
    command = (ROOT / "scripts/bench", "--programs", PROGRAMS, "--only", "troupe", "--items", "200", "--clients", "8")

    def test_it_measures_puts_and_reads_and_leaves_only_results(self):
        code, said, complained = self.outcome(self.start("--seconds", "1", "--rounds", "1"))
        self.assertEqual(code, 0, complained)
        self.assert_nothing_left()
        self.assertEqual(said, (self.out / "summary.txt").read_text())
        self.assertIn("durable put  troupe", said)
        runs = self.runs()
        self.assertEqual([(run["round"], run["system"], run["request"]) for run in runs],
                         [("1", "troupe", "put"), ("1", "troupe", "read")])
        for run in runs:
            self.assertGreater(int(run["ok"]), 0, run)
            self.assertEqual([run[name] for name in ("missing", "failed", "unknown")], ["0"] * 3, run)
            # Three servers and their parent were found, and none of them was idle.
            self.assertGreater(float(run["server_cpu_us_per_operation"]), 1, run)
            self.assertGreater(float(run["machine_cores"]), float(run["client_cores"]), run)

    def test_ctrl_c_stops_everything(self):
        self.assert_ctrl_c_stops_it(self.start("--seconds", "60"), "--csv")

    def test_a_port_that_is_taken_is_named(self):
        with socket.create_server(("127.0.0.1", self.port + 22)):
            code, _, complained = self.outcome(self.start())
        self.assertEqual(code, 1)
        self.assertIn(f"port {self.port + 22} is taken", complained)

    def test_nonsense_is_refused(self):
        self.assert_nonsense_is_refused((("--only", "abacus"), "unknown system 'abacus'"), (("--seconds", "0"), "--seconds wants"),
                                        (("--port", "27101"), "multiple of 10"), (("--fast",), "unknown argument '--fast'"),
                                        (("--rounds",), "--rounds wants a value"))


if __name__ == "__main__":
    unittest.main()
