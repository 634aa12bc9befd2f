#!/usr/bin/env python3
"""What the pages under docs/ name exists: files, functions and metrics on the paths, and whatever a link points to.

usage: paths_test.py ROOT

In the tables of docs/paths a row's File cell names files, its Function cell functions: those before the first
semicolon stand in the first file, those behind it in the second, and so on, or all in the only one. A path is given from
actors/.
"""
import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop())

NAME = re.compile(r"`([^`]+)`")
PROSE = re.compile(r"((?:`\w+`, )*`\w+`)\s+in\s+`([\w./]+\.(?:cc|h))`")  # `f`, `g` in `folder/file.cc`
FILE_FIRST = re.compile(r"`([\w./]+\.(?:cc|h))` (`\w+`(?: and `\w+`)*)")  # `folder/file.cc` `f` and `g`
LINK = re.compile(r"\]\(([^)#\s]+)?(#[^)\s]+)?\)")


def defines(text, function):
    """Whether the source text has the function: its name with an opening parenthesis."""
    return re.search(rf"\b{re.escape(function)}\(", text) is not None


def check_path_page(root, page, metrics):
    findings = []

    def source(name):
        file = root / "actors" / name
        if not file.is_file():
            findings.append(f"{page.name}: there is no file {name}")
            return None
        return file.read_text(encoding="utf-8")

    text = page.read_text(encoding="utf-8")
    rows = 0
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or len(cells) != 4 or cells[0] == "Role":
            continue
        rows += 1
        files = NAME.findall(cells[1])
        groups = [NAME.findall(group) for group in cells[2].split(";")]
        if len(groups) != len(files):
            findings.append(f"{page.name}: {len(files)} files and {len(groups)} groups of functions: {cells[0]}")
            continue
        for name, functions in zip(files, groups):
            code = source(name)
            for function in functions if code else ():
                if not defines(code, function):
                    findings.append(f"{page.name}: {name} has no {function}()")
        for metric in NAME.findall(cells[3]):
            if metric not in metrics:
                findings.append(f"{page.name}: docs/metrics.md has no {metric}")
    for functions, name in PROSE.findall(text):
        code = source(name)
        for function in NAME.findall(functions) if code else ():
            if not defines(code, function):
                findings.append(f"{page.name}: {name} has no {function}()")
    if rows == 0:
        findings.append(f"{page.name}: has no table Role, File, Function, Metric")
    return findings


def check_house_page(root, page):
    """The table of decisions in ARCHITECTURE.md."""
    findings = []
    for name, functions in FILE_FIRST.findall(page.read_text(encoding="utf-8")):
        file = next((f for f in (root / "actors" / name, root / name) if f.is_file()), None)
        if not file:
            findings.append(f"{page.name}: there is no file {name}")
            continue
        code = file.read_text(encoding="utf-8")
        findings += [f"{page.name}: {name} has no {function}()" for function in NAME.findall(functions)
                     if not defines(code, function)]
    return findings


def anchors(text):
    """The anchors of a page's headings, as code hosts make them."""
    result = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        result.add("#" + plain.replace(" ", "-"))
    return result


def check_links(root, page):
    findings = []
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target, anchor in LINK.findall(re.sub(r"`[^`]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target) if target else page
        where = page.relative_to(root).as_posix()
        if not file.exists():
            findings.append(f"{where}: the link to {target} leads nowhere")
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            findings.append(f"{where}: {target} has no heading {anchor}")
    return findings


class ThePages(unittest.TestCase):
    def test_paths_name_what_exists(self):
        metrics = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.M))
        pages = sorted((ROOT / "docs/paths").glob("*.md"))
        self.assertGreater(len(pages), 3)
        self.assertEqual([], [finding for page in pages for finding in check_path_page(ROOT, page, metrics)])

    def test_decisions_stand_where_the_house_says(self):
        page = ROOT / "docs/ARCHITECTURE.md"
        self.assertGreater(len(FILE_FIRST.findall(page.read_text(encoding="utf-8"))), 7)
        self.assertEqual([], check_house_page(ROOT, page))

    def test_links_lead_somewhere(self):
        pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
        self.assertEqual([], [finding for page in pages for finding in check_links(ROOT, page)])


class TheCheckItself(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "actors/router").mkdir(parents=True)
        (self.root / "actors/router/a.cc").write_text("void router::send() {}\n")
        self.page = self.root / "page.md"

    def findings(self, text):
        self.page.write_text(text)
        return "\n".join(check_path_page(self.root, self.page, {"troupe_sent_total"}) + check_links(self.root, self.page))

    def test_nothing_to_find(self):
        self.assertEqual("", self.findings("# A b: c\n| R | `router/a.cc` | `send` | `troupe_sent_total` |\n"
                                           "[x](page.md), [y](#a-b-c), `send` in `router/a.cc`"))

    def test_what_is_not_there_is_found(self):
        self.assertIn("no file router/b.cc", self.findings("| R | `router/b.cc` | `send` | |"))
        self.assertIn("no end()", self.findings("| R | `router/a.cc` | `end` | |"))
        self.assertIn("no troupe_lost_total", self.findings("| R | `router/a.cc` | `send` | `troupe_lost_total` |"))
        self.assertIn("1 files and 2 groups", self.findings("| R | `router/a.cc` | `send`; `send` | |"))
        self.assertIn("no end()", self.findings("| R | `router/a.cc` | `send` | |\n`send`, `end` in\n`router/a.cc`"))
        self.assertIn("has no table", self.findings("words"))
        self.page.write_text("`router/a.cc` `send` and `end`; `router/b.cc` `send`; `router/a.cc` `send`")
        self.assertEqual(["page.md: router/a.cc has no end()", "page.md: there is no file router/b.cc"],
                         check_house_page(self.root, self.page))
        self.assertIn("leads nowhere", self.findings("[x](other.md)"))
        self.assertIn("no heading", self.findings("# A\n[x](page.md#b)"))


if __name__ == "__main__":
    unittest.main()
