#!/usr/bin/env python3
"""What programs in JavaScript do with DynamoDB through AWS' SDK v3, done with Troupe: the stories of js/, each file of
them a process of Node.js.

usage: javascript_test.py TROUPE MODULES

MODULES is the folder where scripts/lib/npm-ci has installed what js/package-lock.json names.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from three_zones import ACCESS_KEY, SECRET_KEY, ThreeZones, readme_example

MODULES = Path(sys.argv.pop())
TROUPE = sys.argv.pop()
HERE = Path(__file__).parent
PATIENCE_SECONDS = 120


class Stories(unittest.TestCase):
    settings = ()  # of the cluster file

    @classmethod
    def setUpClass(cls):
        cls.cluster = ThreeZones(TROUPE, cls.settings)

    @classmethod
    def tearDownClass(cls):
        code = cls.cluster.stop()
        assert code == 0, f"the cluster ended with {code}:\n{cls.cluster.said}"

    def node(self, *words):
        where = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NODE_"))}
        where |= {"NODE_PATH": str(MODULES / "node_modules"), "TROUPE_PROGRAM": TROUPE,
                  "TROUPE_PROCESS": str(self.cluster.process.pid), "TROUPE_ACCESS_KEY": ACCESS_KEY,
                  "TROUPE_SECRET_KEY": SECRET_KEY, "TROUPE_ENDPOINTS": ",".join(self.cluster.endpoints),
                  "TROUPE_ROUTERS": ",".join(self.cluster.routers)}
        done = subprocess.run(["node", *words], env=where, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def stories(self, file):
        said = self.node("--test-reporter=tap", "--test", HERE / "js" / file)
        # A file in which nothing was found to run succeeds, too.
        self.assertGreater(int(re.search(r"^# pass (\d+)$", said, re.MULTILINE)[1]), 0, said)


class Cluster(Stories):
    def test_tables(self):
        self.stories("tables_test.js")

    def test_writes(self):
        self.stories("writes_test.js")

    def test_reads(self):
        self.stories("reads_test.js")

    def test_batches(self):
        self.stories("batches_test.js")

    def test_documents(self):
        self.stories("documents_test.js")

    def test_requests(self):
        self.stories("requests_test.js")

    def test_the_example_of_the_readme_works_as_it_stands(self):
        example = readme_example("javascript", ("http://127.0.0.1:8000", self.cluster.endpoints[0]),
                                 ('Id: "any"', f'Id: "{ACCESS_KEY}"'), ('Key: "any"', f'Key: "{SECRET_KEY}"'))
        # Modules are looked for above the file that imports them.
        with tempfile.NamedTemporaryFile("w", dir=MODULES, prefix="readme-", suffix=".mjs") as file:
            file.write(example)
            file.flush()
            self.assertEqual(self.node(file.name), "Pastel Blues\n")

    def test_faults(self):
        self.stories("faults_test.js")


class CrowdedCluster(Stories):
    settings = ("requests:", "  router_inflight: 4")

    def test_crowded(self):
        self.stories("crowded_test.js")


if __name__ == "__main__":
    unittest.main(verbosity=2)
