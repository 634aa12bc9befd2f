#!/usr/bin/env python3
"""scripts/bench heal: it kills a node, sees the copy come back, and leaves nothing behind but its results, also when it is
stopped half-way.

usage: heal_script_test.py ROOT PROGRAMS
"""
import sys
import unittest
from pathlib import Path

from bench_case import BenchCase

PROGRAMS = sys.argv.pop()
ROOT = Path(sys.argv.pop())


class HealBench(BenchCase):
    command = (ROOT / "scripts/bench", "heal", "--programs", PROGRAMS, "--sizes", "1", "--run-seconds", "1", "--runs", "1",
               "--rate", "50", "--clients", "8")

    def test_it_measures_a_copy_that_comes_back(self):
        code, said, complained = self.outcome(self.start())
        self.assertEqual(code, 0, said + complained)
        self.assert_nothing_left()
        self.assertEqual(said, (self.out / "summary.txt").read_text())
        runs = self.runs()
        self.assertEqual([run["phase"] for run in runs], ["all nodes", "one dead", "healing"])
        for run in runs:
            self.assertEqual(run["megabytes"], "1")
            self.assertGreater(float(run["third_vote_s"]), 0)
            self.assertGreaterEqual(float(run["third_copy_s"]), float(run["third_vote_s"]))
            self.assertGreater(float(run["per_second"]), 1, run)
            self.assertLessEqual(float(run["p50_ms"]), float(run["p99_ms"]), run)

    def test_ctrl_c_stops_everything(self):
        self.assert_ctrl_c_stops_it(self.start("--runs", "50"), "node")

    def test_nonsense_is_refused(self):
        self.assert_nonsense_is_refused((("--fast",), "unknown argument"), (("--rate",), "--rate wants a value"))


if __name__ == "__main__":
    unittest.main()
