#!/usr/bin/env python3
"""docs/metrics.md and the code name the same metrics, and the names follow Prometheus' conventions.

usage: families.py ROOT

Every family is looked for where it is made: m.counter("name", "help", {{"label", ...}}) and its sisters of
actors/kit/metrics.h, prometheus::BuildCounter().Name("name").Help("help"), and family("name", "help", MetricType::Counter,
...). A name that is not a literal is a finding of its own, because nobody could check it. The page is held against the
code in both directions, with types and labels.
"""
import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop())

KINDS = ("counter", "gauge", "histogram", "summary")
MAKERS = {"actors/kit/metrics.h", "actors/kit/metrics.cc"}  # where the functions themselves stand
EVERYWHERE = "node"  # kit/metrics puts it on every series it makes; the page says so once
CALL = re.compile(r"(?:\.|->)(counter|gauge|histogram)\(\s*")
BUILD = re.compile(r"Build(Counter|Gauge|Histogram|Summary)\(\)")
OWN = re.compile(r"\bfamily\(\s*(?=\")")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
FIRST_CELL = re.compile(r"^\| `\w+` \|")  # other tables of the page begin otherwise
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|([^|]*)\|$")


def closing(text, start):
    """The end of the parenthesis or chain of calls that begins at start: the first ; or unmatched bracket."""
    depth = 0
    i = start
    while i < len(text):
        c = text[i]
        if c == '"':
            i = STRING.match(text, i).end()
            continue
        if c in "({[":
            depth += 1
        elif c in ")}]":
            depth -= 1
            if depth < 0:
                return i
        elif c == ";" and depth == 0:
            return i
        i += 1
    return len(text)


def literal(text, at):
    """The string literal there, adjacent ones joined, and where it ends; None when there is none."""
    parts = []
    while match := STRING.match(text, at):
        parts.append(match.group(1))
        at = match.end()
    return ("".join(parts), at) if parts else (None, at)


def families_of(text, where, findings):
    """(name, kind, help, labels) of all families that this source text makes."""
    made = []

    def add(kind, name, help_text, call):
        if name is None:
            findings.append(f"{where}: a {kind} whose name is no literal cannot be checked")
            return
        labels = frozenset(re.findall(r'\{\s*"(\w+)"\s*,', call)) - {EVERYWHERE}
        made.append((name, kind, help_text, labels))

    for match in CALL.finditer(text):
        name, at = literal(text, match.end())
        help_text = literal(text, at + 1 + len(text[at + 1:]) - len(text[at + 1:].lstrip()))[0] if name else None
        add(match.group(1), name, help_text, text[match.end():closing(text, match.end())])
    for match in BUILD.finditer(text):
        chain = text[match.end():closing(text, match.end())]
        name = re.search(r'\.Name\(\s*"(\w+)"\s*\)', chain)
        help_text = re.search(r'\.Help\(\s*"([^"]*)"', chain)
        add(match.group(1).lower(), name and name.group(1), help_text and help_text.group(1), chain)
    for match in OWN.finditer(text):
        call = text[match.end():closing(text, match.end())]
        name, at = literal(call, 0)
        help_text = literal(call, at + 1 + len(call[at + 1:]) - len(call[at + 1:].lstrip()))[0]
        kind = re.search(r"MetricType::(\w+)", call)
        add(kind.group(1).lower() if kind else "?", name, help_text, "")
    return made


def in_code(root, findings):
    """name -> (kind, labels) of everything in actors/."""
    result = {}
    helps = {}
    for path in sorted(root.glob("actors/**/*.[ch]*")):
        where = path.relative_to(root).as_posix()
        if path.suffix not in (".cc", ".h") or where in MAKERS:
            continue
        text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        for name, kind, help_text, labels in families_of(text, where, findings):
            if not help_text:
                findings.append(f"{where}: {name} has no help text")
            if name in result:
                findings.append(f"{where}: {name} is made in {helps[name]} already; two meanings cannot share a name")
            result[name] = (kind, labels)
            helps[name] = where
    return result


def in_page(text, findings):
    """name -> (kind, labels) of every row of the page's tables."""
    result = {}
    for line in text.splitlines():
        if not FIRST_CELL.match(line):
            continue
        match = ROW.match(line)
        if not match:
            findings.append(f"docs/metrics.md: this row is not name, type, unit, labels, meaning: {line}")
            continue
        name, kind, unit, labels, meaning = (part.strip() for part in match.groups())
        if name in result:
            findings.append(f"docs/metrics.md: {name} stands there twice")
        if not meaning or not unit:
            findings.append(f"docs/metrics.md: {name} has no unit or no meaning")
        for word in ("seconds", "bytes"):
            if (word in name.split("_")) != (unit == word):
                findings.append(f"docs/metrics.md: the unit of {name} is not {unit}")
        result[name] = (kind, frozenset(re.findall(r"`(\w+)`", labels)))
    return result


def conventions(families, findings):
    """What promtool asks for as well, so that it is known without a running cluster."""
    for name, (kind, labels) in families.items():
        if not re.fullmatch(r"(troupe|process)_[a-z0-9_]+", name):
            findings.append(f"{name}: begin with troupe_, in small letters")
        if (kind == "counter") != name.endswith("_total"):
            findings.append(f"{name}: counters, and only they, end in _total")
        if kind == "counter" and any(unit in name for unit in ("_ms", "_us", "_millis", "_kb")):
            findings.append(f"{name}: count in base units")
        if re.search(r"_(ms|us|ns|milliseconds|microseconds|kb|mb|count|sum|bucket)(_|$)", name):
            findings.append(f"{name}: use seconds or bytes, and none of the endings that histograms have")
        for label in labels:
            if not re.fullmatch(r"[a-z_]+", label) or label in ("le", "quantile"):
                findings.append(f"{name}: '{label}' is no name for a label")


def compare(code, page, findings):
    for name in sorted(code.keys() - page.keys()):
        findings.append(f"{name} is in the code and not in docs/metrics.md")
    for name in sorted(page.keys() - code.keys()):
        findings.append(f"{name} is in docs/metrics.md and not in the code")
    for name in sorted(code.keys() & page.keys()):
        if code[name][0] != page[name][0]:
            findings.append(f"{name} is a {code[name][0]}, not a {page[name][0]}")
        if code[name][1] != page[name][1]:
            findings.append(f"{name} has the labels {sorted(code[name][1])}, not {sorted(page[name][1])}")


def judge(root):
    findings = []
    code = in_code(root, findings)
    page = in_page((root / "docs/metrics.md").read_text(encoding="utf-8"), findings)
    conventions(code, findings)
    compare(code, page, findings)
    return code, findings


class TheHouse(unittest.TestCase):
    def test_page_and_code_name_the_same_families(self):
        code, findings = judge(ROOT)
        self.assertEqual([], findings)
        self.assertGreater(len(code), 50, "the code's families were not found")


class TheCheckItself(unittest.TestCase):
    """Each kind of mistake is planted once, and must be found."""

    ROW = "| `troupe_reads_total` | counter | reads | `table` | Reads. |"
    CODE = 'reads(m.counter("troupe_reads_total", "Reads.", {{"table", t}})),'

    def findings(self, code, page):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "actors/replica").mkdir(parents=True)
            (root / "docs").mkdir()
            (root / "actors/replica/meter.cc").write_text(code)
            (root / "docs/metrics.md").write_text(page)
            return "\n".join(judge(root)[1])

    def test_nothing_to_find(self):
        self.assertEqual("", self.findings(self.CODE, self.ROW))

    def test_long_forms_are_read(self):
        self.assertEqual("", self.findings(
            'h = &metrics->histogram(\n  "troupe_sync_seconds", "One; sync"\n  " (or two).", buckets());\n'
            'prometheus::BuildGauge().Name("troupe_build_info").Help("1.").Register(*r).Add({{"version", v()}}).Set(1);\n'
            'return {family("process_open_fds", "Open.", MetricType::Gauge, open())};',
            "| `troupe_sync_seconds` | histogram | seconds | | A sync. |\n"
            "| `troupe_build_info` | gauge | 1 | `version` | The build. |\n"
            "| `process_open_fds` | gauge | files | | Open files. |"))

    def test_missing_in_the_page(self):
        self.assertIn("is in the code and not in docs", self.findings(self.CODE, ""))

    def test_missing_in_the_code(self):
        self.assertIn("is in docs/metrics.md and not in the code", self.findings("", self.ROW))

    def test_another_type(self):
        self.assertIn("is a counter, not a gauge", self.findings(self.CODE, self.ROW.replace("counter", "gauge")))

    def test_another_label(self):
        self.assertIn("has the labels ['table']", self.findings(self.CODE, self.ROW.replace("`table`", "")))

    def test_a_name_that_is_computed(self):
        self.assertIn("no literal", self.findings("m.counter(name_of(x), \"Help.\")", ""))

    def test_no_help(self):
        self.assertIn("no help text", self.findings('m.counter("troupe_reads_total", "", {{"table", t}})', self.ROW))

    def test_one_name_for_two_things(self):
        self.assertIn("two meanings", self.findings(self.CODE + self.CODE, self.ROW))

    def test_names_against_the_conventions(self):
        self.assertIn("end in _total", self.findings('m.counter("troupe_reads", "Reads.")', ""))
        self.assertIn("end in _total", self.findings('m.gauge("troupe_reads_total", "Reads.")', ""))
        self.assertIn("use seconds", self.findings('m.gauge("troupe_lag_ms", "Lag.")', ""))
        self.assertIn("begin with troupe_", self.findings('m.gauge("lag", "Lag.")', ""))

    def test_a_unit_that_is_not_the_names(self):
        self.assertIn("unit of troupe_log_bytes", self.findings(
            'm.gauge("troupe_log_bytes", "Log.")', "| `troupe_log_bytes` | gauge | seconds | | The log. |"))


if __name__ == "__main__":
    unittest.main()
