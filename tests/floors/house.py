#!/usr/bin/env python3
"""Checks that the sources keep to the plan of the house (docs/ARCHITECTURE.md).

usage: house.py ROOT FLOORS.TSV

The root holds the agreed folders and no other. Every source file belongs to a library or to a program of its folder.
An #include of ours names an existing file from the root, in the library's own folder or in that of a declared
dependency, direct or not. Some headers from outside have one place where they may be seen, and the core sees none
of them. Prints each violation as FILE:LINE: what is wrong; exits with 1 if there is any.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT_FOLDERS = {"actors", "messages", "storage", "config", "tests", "scripts", "docs", ".ci"}
ROOT_FILES = {"CMakeLists.txt", "README.md", "LICENSE", "CMakePresets.json", ".clang-format", ".clang-tidy", ".gitignore"}
NOT_OURS = {".git", "build", "data", "compile_commands.json"}  # version control ignores these
SOURCES = ("actors", "messages", "storage", "config")

# Pure: what it does depends on what it is given.
CORE = "actors/core/"
NOT_IN_CORE = re.compile(
    r"caf/|sqlite3\.h|yaml-cpp/|prometheus/|openssl/|sys/|unistd\.h|netinet/|arpa/|"
    r"(chrono|ctime|time\.h|random|thread|mutex|shared_mutex|condition_variable|atomic|future|fstream|filesystem)$")

# Headers from outside and the only folders that see them.
PLACES = [
    (re.compile(r"sqlite3\.h$"), ("storage/",)),
    (re.compile(r"yaml-cpp/"), ("config/",)),
    (re.compile(r"caf/"), ("actors/",)),
    (re.compile(r"CLI/"), ("actors/host/",)),
    (re.compile(r"(curl/|zstd\.h|pugixml)"), ("storage/archive/",)),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Library:
    def __init__(self, line):
        self.name, self.floor, self.folder, depends = line.split("\t")
        self.depends = [d for d in depends.split(",") if d]


class House:
    def __init__(self, root, libraries):
        self.root = root
        self.libraries = {l.name: l for l in libraries}
        self.by_folder = {l.folder: l for l in libraries}
        self.problems = []

    def complain(self, where, what):
        self.problems.append(f"{where}: {what}")

    def owner(self, path):
        """The library whose folder holds the path; the innermost one when folders are nested."""
        folder = path.rpartition("/")[0]
        while folder:
            if folder in self.by_folder:
                return self.by_folder[folder]
            folder = folder.rpartition("/")[0]
        return None

    def seen_by(self, library):
        """The library and all it depends on."""
        found, todo = set(), [library.name]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.libraries[name].depends
        return found

    def check_root(self):
        for name in root_entries(self.root):
            if (self.root / name).is_dir():
                if name not in ROOT_FOLDERS:
                    self.complain(name + "/", "the root has no such folder in the plan of the house")
            elif name not in ROOT_FILES:
                self.complain(name, "the root has no such file in the plan of the house")

    def exists(self, path):
        if path.startswith("messages/") and path.endswith(".pb.h"):
            path = path[: -len(".pb.h")] + ".proto"
        return (self.root / path).is_file()

    def check_file(self, path):
        library = self.owner(path)
        if library is None:
            return self.complain(path, "belongs to no library: its folder has no troupe_library that is added to the build")
        # A program stands on the roof: it may use every library, and its own link says whether it names them.
        program = path.endswith("main.cc")
        seen = set(self.libraries) if program else self.seen_by(library)
        for number, line in enumerate((self.root / path).read_text(errors="replace").splitlines(), 1):
            if match := INCLUDE.match(line):
                where = f"{path}:{number}"
                if match[1]:
                    self.check_ours(where, library, seen, match[1])
                else:
                    self.check_theirs(where, path, match[2])

    def check_ours(self, where, library, seen, included):
        if not self.exists(included):
            return self.complain(where, f'"{included}" is no file of ours; includes are written from the root')
        owner = self.owner(included)
        if owner is None:
            self.complain(where, f'"{included}" belongs to no library')
        elif owner.name not in seen:
            self.complain(where, f'"{included}" is of {owner.name} (floor {owner.floor}), which {library.name} '
                                 f"(floor {library.floor}) does not declare in DEPENDS")

    def check_theirs(self, where, path, included):
        if path.startswith(CORE) and NOT_IN_CORE.match(included):
            return self.complain(where, f"<{included}> has no place in the core, which is pure")
        for header, places in PLACES:
            if header.match(included) and not path.startswith(places):
                self.complain(where, f"<{included}> is seen only in {' and '.join(places)}")

    def check(self):
        self.check_root()
        for top in SOURCES:
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".h", ".cc"):
                    self.check_file(path.relative_to(self.root).as_posix())


def root_entries(root):
    """What version control knows, or, without it, what is there."""
    try:
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=True, text=True)
        names = {name.split("/")[0] for name in listed.stdout.split("\0") if name}
    except (OSError, subprocess.CalledProcessError):
        names = set()
    return sorted(names or {entry.name for entry in root.iterdir()} - NOT_OURS)


def main():
    root = Path(sys.argv[1])
    lines = Path(sys.argv[2]).read_text().splitlines()
    house = House(root, [Library(line) for line in lines if line])
    house.check()
    print("\n".join(house.problems) or f"{len(house.libraries)} libraries keep to their floors")
    return 1 if house.problems else 0


if __name__ == "__main__":
    sys.exit(main())
