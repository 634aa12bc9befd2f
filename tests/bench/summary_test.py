#!/usr/bin/env python3
"""What scripts/bench says of its runs: medians, ratios within a round, targets met and not met, requests unanswered.

usage: summary_test.py FOLDER (of summary.py)
"""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, sys.argv.pop())
import summary  # noqa: E402

HEADER = ("round,system,request,client_cores,machine_cores,target,workload,records,clients,seconds,missing,rejected,failed,"
          "unknown,per_second,p50_us,p99_us,server_cpu_us_per_operation\n")


def line(round_, system, request, per_second, p99_us, cpu_us, unknown=0, machine_cores=0.5):
    return (f"{round_},{system},{request},0.5,{machine_cores},{system},x,20000,64,10.000,0,0,0,{unknown},{per_second},"
            f"{p99_us / 2},{p99_us},{cpu_us}\n")


def runs_of(*lines):
    return summary.read_runs((HEADER + "".join(lines)).splitlines())


def row_of(text, *beginnings):
    """The cells of the only line whose first cells are these."""
    found = [row for row in ([cell for cell in one.split("  ") if cell] for one in text.splitlines())
             if [cell.strip() for cell in row[:len(beginnings)]] == list(beginnings)]
    assert len(found) == 1, (beginnings, text)
    return [cell.strip() for cell in found[0]]


class Summary(unittest.TestCase):
    def test_medians_stand_beside_the_range(self):
        runs = runs_of(line(1, "etcd", "put", 1000, 90_000, 300), line(2, "etcd", "put", 4000, 50_000, 400),
                       line(3, "etcd", "put", 3000, 60_000, 350))
        row = row_of(summary.summary(runs), "durable put", "etcd")
        self.assertEqual(row[2:7], ["3000", "30 ms", "60 ms", "350.0 us", "300.0..400.0"])

    def test_cores_are_those_of_servers_client_and_the_rest(self):
        runs = runs_of(line(1, "redis", "read", 10_000, 900, 50, machine_cores=1.75))
        # 10,000 operations of 50 us keep half a core busy, the client another.
        self.assertEqual(row_of(summary.summary(runs), "strong read", "redis")[7:10], ["0.50", "0.50", "0.75"])

    def test_a_machine_that_was_busy_with_something_else_is_mentioned(self):
        quiet, busy = (line(1, "redis", request, 10_000, 900, 50, machine_cores=cores)
                       for request, cores in (("read", 1.2), ("put", 1.6)))
        self.assertNotIn("other programs", summary.summary(runs_of(quiet)))
        self.assertIn("In 1 of 2 runs other programs", summary.summary(runs_of(quiet, busy)))

    def test_ratios_are_made_within_a_round(self):
        # The machine was four times slower in the second round; that slows both and changes no ratio.
        runs = runs_of(line(1, "etcd", "put", 4000, 40_000, 300), line(1, "troupe", "put", 8000, 20_000, 90),
                       line(2, "etcd", "put", 1000, 160_000, 310), line(2, "troupe", "put", 2000, 80_000, 93))
        self.assertEqual(summary.ratios(runs, "etcd", "put", "per_second"), [2.0, 2.0])
        self.assertEqual(summary.ratios(runs, "etcd", "put", "p99_us"), [0.5, 0.5])
        text = summary.summary(runs)
        self.assertEqual(row_of(text, "durable put", "server CPU per operation")[2:],
                         ["0.30", "0.30..0.30", "at most 1/3", "met"])
        self.assertEqual(row_of(text, "durable put", "throughput")[2:], ["2.00", "2.00..2.00", "at least 2", "met"])
        self.assertEqual(row_of(text, "durable put", "p99")[2:], ["0.50", "0.50..0.50", "below 1", "met"])

    def test_a_round_that_has_only_one_of_the_two_gives_no_ratio(self):
        runs = runs_of(line(1, "etcd", "put", 1000, 40_000, 300), line(2, "troupe", "put", 8000, 20_000, 90))
        self.assertEqual(summary.ratios(runs, "etcd", "put", "per_second"), [])
        self.assertNotIn("Troupe / etcd", summary.summary(runs))

    def test_targets_that_are_missed_are_marked(self):
        runs = runs_of(line(1, "etcd", "put", 1000, 40_000, 300), line(1, "troupe", "put", 1999, 40_000, 101),
                       line(1, "etcd", "read", 1000, 40_000, 200), line(1, "troupe", "read", 3999, 50_000, 50))
        text = summary.summary(runs)
        for name in ("server CPU per operation", "throughput", "p99"):
            self.assertEqual(row_of(text, "durable put", name)[-1], "NOT MET", name)
        self.assertEqual(row_of(text, "strong read", "server CPU per operation")[-2:], ["at most 1/4", "met"])
        self.assertEqual(row_of(text, "strong read", "throughput")[-2:], ["at least 4", "NOT MET"])
        self.assertEqual(row_of(text, "strong read", "p99")[-1], "NOT MET")

    def test_there_are_no_targets_against_redis(self):
        runs = runs_of(line(1, "redis", "put", 1000, 40_000, 65), line(1, "troupe", "put", 2000, 30_000, 130))
        self.assertEqual(row_of(summary.summary(runs), "durable put", "server CPU per operation")[2:],
                         ["2.00", "2.00..2.00", "-"])

    def test_the_api_has_targets_of_its_own_beside_dynalite(self):
        runs = runs_of(line(1, "dynalite", "get_item", 1000, 40_000, 200), line(1, "troupe", "get_item", 2999, 40_000, 59),
                       line(1, "dynalite", "put_item", 1000, 40_000, 200), line(1, "troupe", "put_item", 1500, 39_000, 131))
        text = summary.summary(runs)
        self.assertEqual(row_of(text, "GetItem", "throughput")[-2:], ["at least 3", "NOT MET"])
        self.assertEqual(row_of(text, "PutItem", "throughput")[-2:], ["at least 1.5", "met"])
        self.assertEqual(row_of(text, "GetItem", "p99")[-1], "NOT MET")
        self.assertEqual(row_of(text, "PutItem", "p99")[-1], "met")
        behind = text.split("request  Troupe  ")[1]  # the last table: Troupe by itself
        self.assertEqual(row_of(behind, "GetItem", "server CPU per operation")[2:],
                         ["59.0 us", "59.0..59.0", "at most 60 us", "met"])
        self.assertEqual(row_of(behind, "PutItem", "server CPU per operation")[-2:], ["at most 130 us", "NOT MET"])

    def test_targets_of_the_api_are_not_asked_of_the_rest(self):
        self.assertNotIn("at most 60", summary.summary(runs_of(line(1, "troupe", "put", 8000, 20_000, 90))))

    def test_requests_that_were_not_answered_are_not_passed_over(self):
        runs = runs_of(line(1, "etcd", "put", 1000, 40_000, 300), line(2, "etcd", "put", 1000, 40_000, 300, unknown=3))
        text = summary.summary(runs)
        self.assertEqual(row_of(text, "durable put", "etcd")[-1], "3")
        self.assertIn("3 requests of etcd's durable put in round 2 were not answered", text)

    def test_the_program_says_by_its_exit_code_whether_all_were_answered(self):
        with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
            file = Path(folder) / "results.csv"
            for unknown in (0, 1):
                file.write_text(HEADER + line(1, "etcd", "put", 1000, 40_000, 300, unknown=unknown), encoding="utf-8")
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    self.assertEqual(summary.main([str(file)]), unknown)
                self.assertIn("durable put", said.getvalue())
            file.write_text(HEADER, encoding="utf-8")
            with self.assertRaises(SystemExit):
                summary.main([str(file)])


if __name__ == "__main__":
    unittest.main()
