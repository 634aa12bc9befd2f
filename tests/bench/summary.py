#!/usr/bin/env python3
"""Makes a table of what scripts/bench measured, compares Troupe with the others, and says which targets are met.

usage: summary.py RESULTS.csv

A line of the results is one run: round, system, request (a key of REQUESTS), the cores that the client and the whole machine
kept busy, and the columns that `troupe bench --csv` writes, of which only those that are used here have to be there. Numbers shown are medians over the rounds. A ratio is made
within each round, between runs that were minutes apart, before its median is taken: so what the machine does over an
hour does not enter it. Exit codes: 0 all requests were answered, 1 some were not, or there is nothing to compare.
"""
import csv
import statistics
import sys

OURS = "troupe"
REQUESTS = {"put": "durable put", "read": "strong read", "put_item": "PutItem", "get_item": "GetItem"}

BUSY_CORES = 0.25  # of others, past which a run says little about time

# What is compared: name, column, and whether less is better.
CPU = ("server CPU per operation", "server_cpu_us_per_operation", True)
THROUGHPUT = ("throughput", "per_second", False)
TAIL = ("p99", "p99_us", True)

# Of Troupe to another, by request and measure: how it is said, and the bound itself (at most for what is better when
# less, at least for throughput). p99 has to be lower.
TARGETS = {
    ("etcd", "put", CPU): ("at most 1/3", 1 / 3),
    ("etcd", "put", THROUGHPUT): ("at least 2", 2.0),
    ("etcd", "put", TAIL): ("below 1", 1.0),
    ("etcd", "read", CPU): ("at most 1/4", 1 / 4),
    ("etcd", "read", THROUGHPUT): ("at least 4", 4.0),
    ("etcd", "read", TAIL): ("below 1", 1.0),
    ("dynalite", "put_item", THROUGHPUT): ("at least 1.5", 1.5),
    ("dynalite", "put_item", TAIL): ("below 1", 1.0),
    ("dynalite", "get_item", THROUGHPUT): ("at least 3", 3.0),
    ("dynalite", "get_item", TAIL): ("below 1", 1.0),
}

# Of Troupe alone: the most CPU of all its servers together that a request may take, in microseconds.
CPU_BOUNDS_US = {"put_item": 130.0, "get_item": 60.0}


def read_runs(lines):
    """The runs as dictionaries, all numbers floats; what is no number stays text."""
    runs = []
    for row in csv.DictReader(lines):
        run = {}
        for name, text in row.items():
            try:
                run[name] = float(text)
            except (TypeError, ValueError):
                run[name] = text
        runs.append(run)
    return runs


def runs_of(runs, system, request):
    """The runs of one kind by round."""
    return {run["round"]: run for run in runs if run["system"] == system and run["request"] == request}


def unanswered(run):
    """Requests that did not get what they asked for; reads of what is not there count, all keys were written."""
    return int(run["missing"] + run["rejected"] + run["failed"] + run["unknown"])


def ratios(runs, other, request, column):
    """Troupe's value through the other's, one for each round that has both."""
    ours, theirs = runs_of(runs, OURS, request), runs_of(runs, other, request)
    return [ours[r][column] / theirs[r][column] for r in sorted(ours) if r in theirs and theirs[r][column] > 0]


def is_met(target, measure, ratio):
    bound = TARGETS[target][1]
    if measure is TAIL:
        return ratio < bound
    return ratio <= bound if measure[2] else ratio >= bound


def time_text(us):
    if us < 1000:
        return f"{us:.0f} us"
    return f"{us / 1000:.3g} ms" if us < 999_500 else f"{us / 1e6:.3g} s"


def table(rows, left):
    """Columns as wide as their widest cell; the first `left` of them flush left, the others flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join("  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                             for i, (cell, width) in enumerate(zip(row, widths))).rstrip() + "\n" for row in rows)


def server_cores(run):
    return run["server_cpu_us_per_operation"] * run["per_second"] / 1e6


def other_cores(run):
    return max(run["machine_cores"] - run["client_cores"] - server_cores(run), 0)


def measured_table(runs):
    rows = [("request", "system", "ops/s", "p50", "p99", "server CPU/op", "lowest..highest", "server", "client", "others",
             "unanswered")]
    for request, said in REQUESTS.items():
        for system in sorted({run["system"] for run in runs}):
            some = list(runs_of(runs, system, request).values())
            if not some:
                continue

            def middle(value):
                return statistics.median(value(run) for run in some)

            cpu = [run["server_cpu_us_per_operation"] for run in some]
            rows.append((said, system, f"{middle(lambda run: run['per_second']):.0f}",
                         time_text(middle(lambda run: run["p50_us"])), time_text(middle(lambda run: run["p99_us"])),
                         f"{statistics.median(cpu):.1f} us", f"{min(cpu):.1f}..{max(cpu):.1f}", f"{middle(server_cores):.2f}",
                         f"{middle(lambda run: run['client_cores']):.2f}", f"{middle(other_cores):.2f}",
                         str(sum(unanswered(run) for run in some))))
    return table(rows, 2)


def comparison(runs, other):
    """Troupe against another system, or nothing when they did not run in one round."""
    rows = [("request", "Troupe / " + other, "ratio", "lowest..highest", "target", "")]
    for request, said in REQUESTS.items():
        for measure in (CPU, THROUGHPUT, TAIL):
            found = ratios(runs, other, request, measure[1])
            if not found:
                continue
            ratio, target = statistics.median(found), (other, request, measure)
            bound, verdict = "-", ""
            if target in TARGETS:
                bound, verdict = TARGETS[target][0], "met" if is_met(target, measure, ratio) else "NOT MET"
            rows.append((said, measure[0], f"{ratio:.2f}", f"{min(found):.2f}..{max(found):.2f}", bound, verdict))
    return table(rows, 2) if len(rows) > 1 else ""


def bounds(runs):
    """Troupe against the targets that compare it with nobody, or nothing when there are none for what ran."""
    rows = [("request", "Troupe", "is", "lowest..highest", "target", "")]
    for request, bound in CPU_BOUNDS_US.items():
        found = [run[CPU[1]] for run in runs_of(runs, OURS, request).values()]
        if found:
            middle = statistics.median(found)
            rows.append((REQUESTS[request], CPU[0], f"{middle:.1f} us", f"{min(found):.1f}..{max(found):.1f}",
                         f"at most {bound:.0f} us", "met" if middle <= bound else "NOT MET"))
    return table(rows, 2) if len(rows) > 1 else ""


def summary(runs):
    one = runs[0]
    rounds = len({run["round"] for run in runs})
    text = (f"Medians of {rounds} round{'s' if rounds > 1 else ''} of {one['seconds']:.0f} s, {one['clients']:.0f} clients "
            f"in a closed loop, {one['records']:.0f} items loaded. CPU of the servers is the sum over all their\nprocesses; "
            "server, client and others are the cores that each kept busy, others being whatever else ran.\n\n")
    text += measured_table(runs)
    for other in sorted({run["system"] for run in runs} - {OURS}):
        if compared := comparison(runs, other):
            text += "\n" + compared
    if bounded := bounds(runs):
        text += "\n" + bounded
    busy = sum(other_cores(run) > BUSY_CORES for run in runs)
    if busy:
        text += (f"\nIn {busy} of {len(runs)} runs other programs kept more than {BUSY_CORES} cores busy: throughput and latency "
                 "of these\nruns say little, and their CPU per operation is somewhat too high.\n")
    for run in runs:
        if count := unanswered(run):
            text += (f"\nNot to be relied on: {count} requests of {run['system']}'s {REQUESTS[run['request']]} in round "
                     f"{run['round']:.0f} were not answered.\n")
    return text


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8", newline="") as file:
        runs = read_runs(file)
    if not runs:
        sys.exit(f"{arguments[0]} holds no run")
    print(summary(runs), end="")
    return 1 if any(unanswered(run) for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
