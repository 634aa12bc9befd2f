#!/usr/bin/env python3
"""scripts/bench http: it measures both systems, looks into their answers, and leaves nothing behind but its results, also
when it is stopped half-way.

usage: http_script_test.py ROOT PROGRAMS (of ../npm/dynalite beside which dynalite is installed)
"""
import sys
import unittest
from pathlib import Path

from bench_case import BenchCase

PROGRAMS = sys.argv.pop()
ROOT = Path(sys.argv.pop())


class HttpBench(BenchCase):
    command = (ROOT / "scripts/bench", "http", "--programs", PROGRAMS, "--items", "100", "--clients", "8")

    def assert_measured(self, systems, *arguments):
        code, said, complained = self.outcome(self.start("--seconds", "1", "--rounds", "1", *arguments))
        self.assertEqual(code, 0, complained)
        self.assert_nothing_left()
        self.assertEqual(said, (self.out / "summary.txt").read_text())
        runs = self.runs()
        self.assertEqual([(run["system"], run["request"]) for run in runs],
                         [(system, request) for system in systems for request in ("put_item", "get_item")])
        for run in runs:
            self.assertEqual([run[name] for name in ("round", "records", "clients")], ["1", "100", "8"])
            self.assertGreater(int(run["answered"]), 0, run)
            self.assertAlmostEqual(int(run["answered"]) / float(run["seconds"]) / float(run["per_second"]), 1, places=2)
            self.assertEqual([run[name] for name in ("missing", "rejected", "failed", "unknown")], ["0"] * 4, run)
            self.assertLessEqual(float(run["p50_us"]), float(run["p99_us"]), run)
            self.assertGreater(float(run["server_cpu_us_per_operation"]), 1, run)
            self.assertGreater(float(run["machine_cores"]), float(run["client_cores"]), run)
        return said

    def test_it_measures_both_systems_beside_each_other(self):
        said = self.assert_measured(["dynalite", "troupe"])
        self.assertIn("Troupe / dynalite", said)

    def test_signatures_are_good_where_they_are_verified(self):
        self.assert_measured(["troupe"], "--only", "troupe", "--signed")

    def test_ctrl_c_stops_everything(self):
        for system, sign in (("troupe", "node"), ("dynalite", "serve.js")):
            self.assert_ctrl_c_stops_it(self.start("--seconds", "60", "--only", system), sign)

    def test_nonsense_is_refused(self):
        self.assert_nonsense_is_refused((("--only", "etcd"), "unknown system 'etcd': there are dynalite troupe"),
                                        (("--items", "many"), "--items wants"), (("--signed", "--fast"), "unknown argument"))


if __name__ == "__main__":
    unittest.main()
