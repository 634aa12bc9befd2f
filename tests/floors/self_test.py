#!/usr/bin/env python3
"""Plants violations in a small house of two libraries and wants each of them caught, and nothing else.

usage: self_test.py ROOT

`cellar` stands on floor 0, `attic` on floor 1. Each story changes one thing of a house that is in order.
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1))

IN_ORDER = {
    "CMakeLists.txt": f"""
cmake_minimum_required(VERSION 3.25)
project(house LANGUAGES CXX)
list(PREPEND CMAKE_MODULE_PATH {ROOT}/scripts/cmake)
include(floors)
include(prove_floors)
add_subdirectory(storage)
add_subdirectory(actors)
troupe_prove_floors()
""",
    "storage/CMakeLists.txt": "troupe_library(cellar FLOOR 0)\n",
    "storage/cellar.h": "int coal();\n",
    "storage/cellar.cc": '#include "storage/cellar.h"\nint coal() { return 1; }\n',
    "actors/CMakeLists.txt": "troupe_library(attic FLOOR 1 DEPENDS cellar)\n",
    "actors/attic.h": "int warmth();\n",
    "actors/attic.cc": '#include "actors/attic.h"\n#include "storage/cellar.h"\nint warmth() { return coal(); }\n',
}


class House:
    """A house in a folder of its own, with some files other than in IN_ORDER."""

    def __init__(self, test, changes):
        temporary = tempfile.TemporaryDirectory()
        test.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name) / "house"
        self.build = Path(temporary.name) / "build"
        for name, text in {**IN_ORDER, **changes}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, *command):
        done = subprocess.run(command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def configure(self):
        return self.run("cmake", "-S", ".", "-B", str(self.build), "-G", "Ninja",
                        f"-DCMAKE_CXX_COMPILER={os.environ.get('TROUPE_CXX', 'c++')}")

    def link(self):
        code, said = self.configure()
        return (code, said) if code else self.run("ninja", "-C", str(self.build))

    def look(self):
        code, said = self.configure()
        if code:
            return code, said
        return self.run(sys.executable, str(ROOT / "tests/floors/house.py"), str(self.root), str(self.build / "floors.tsv"))


class Floors(unittest.TestCase):
    def caught(self, outcome, message):
        code, said = outcome
        self.assertNotEqual(code, 0, said)
        # CMake breaks its messages into lines as it likes.
        self.assertIn(message, " ".join(said.split()))

    def fine(self, outcome):
        code, said = outcome
        self.assertEqual(code, 0, said)

    def test_a_house_in_order_is_fine(self):
        house = House(self, {})
        self.fine(house.link())
        self.fine(house.look())

    def test_a_dependency_on_the_floor_above_is_refused_at_once(self):
        house = House(self, {"storage/CMakeLists.txt": "troupe_library(cellar FLOOR 2)\n"})
        self.caught(house.configure(), "attic on floor 1 must not depend on cellar on floor 2")

    def test_neighbours_on_a_floor_do_not_see_each_other(self):
        house = House(self, {"storage/CMakeLists.txt": "troupe_library(cellar FLOOR 1)\n"})
        self.caught(house.configure(), "attic on floor 1 must not depend on cellar on floor 1")

    def test_a_call_that_is_not_declared_does_not_link(self):
        # Without the include, only the linker can know.
        house = House(self, {"actors/CMakeLists.txt": "troupe_library(attic FLOOR 1)\n",
                             "actors/attic.cc": "int coal();\nint warmth() { return coal(); }\n"})
        self.caught(house.link(), "coal()")

    def test_a_call_upwards_does_not_link(self):
        house = House(self, {"storage/cellar.cc": "int warmth();\nint coal() { return warmth(); }\n"})
        self.caught(house.link(), "warmth()")

    def test_an_include_that_is_not_declared_is_seen(self):
        house = House(self, {"actors/CMakeLists.txt": "troupe_library(attic FLOOR 1)\n"})
        self.caught(house.look(), 'actors/attic.cc:2: "storage/cellar.h" is of cellar (floor 0), which attic (floor 1) '
                                  "does not declare in DEPENDS")

    def test_an_include_upwards_is_seen(self):
        house = House(self, {"storage/cellar.h": '#include "actors/attic.h"\n'})
        self.caught(house.look(), 'storage/cellar.h:1: "actors/attic.h" is of attic (floor 1)')

    def test_an_include_that_is_not_written_from_the_root_is_seen(self):
        house = House(self, {"actors/attic.cc": '#include "attic.h"\nint warmth() { return 1; }\n'})
        self.caught(house.look(), 'actors/attic.cc:1: "attic.h" is no file of ours')

    def test_headers_only_libraries_are_looked_at(self):
        house = House(self, {"actors/CMakeLists.txt": "troupe_library(attic FLOOR 1 SOURCES attic.cc)\nadd_subdirectory(roof)\n",
                             "actors/attic.cc": "int warmth() { return 1; }\n",
                             "actors/roof/CMakeLists.txt": "troupe_library(roof FLOOR 2)\n",
                             "actors/roof/roof.h": '#include "actors/attic.h"\n'})
        self.fine(house.link())
        self.caught(house.look(), 'actors/roof/roof.h:1: "actors/attic.h" is of attic (floor 1), which roof (floor 2)')

    def test_a_program_may_use_every_library(self):
        house = House(self, {"storage/main.cc": '#include "actors/attic.h"\nint main() { return warmth(); }\n',
                             "storage/CMakeLists.txt": "troupe_library(cellar FLOOR 0 SOURCES cellar.cc)\n"})
        self.fine(house.look())

    def test_headers_from_outside_stay_in_their_place(self):
        house = House(self, {"actors/attic.h": "#include <sqlite3.h>\n",
                             "actors/core/CMakeLists.txt": "troupe_library(core FLOOR 1)\n",
                             "actors/core/core.h": "#include <chrono>\n",
                             "actors/CMakeLists.txt": "add_subdirectory(core)\ntroupe_library(attic FLOOR 1 DEPENDS cellar)\n"})
        self.caught(house.look(), "actors/attic.h:1: <sqlite3.h> is seen only in storage/")
        self.caught(house.look(), "actors/core/core.h:1: <chrono> has no place in the core, which is pure")

    def test_a_file_that_nobody_builds_is_seen(self):
        house = House(self, {"config/lost.cc": "int lost;\n"})
        self.caught(house.look(), "config/lost.cc: belongs to no library")

    def test_a_strange_folder_at_the_root_is_seen(self):
        house = House(self, {"shed/rake.txt": "", "notes.txt": ""})
        self.caught(house.look(), "shed/: the root has no such folder")
        self.caught(house.look(), "notes.txt: the root has no such file")


if __name__ == "__main__":
    unittest.main()
