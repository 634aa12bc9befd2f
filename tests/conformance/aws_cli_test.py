#!/usr/bin/env python3
"""What people type at the AWS CLI, done with Troupe.

usage: aws_cli_test.py TROUPE
"""
import json
import os
import subprocess
import sys
import unittest

from three_zones import ACCESS_KEY, SECRET_KEY, for_module, readme_example

setUpModule, tearDownModule, cluster = for_module(sys.argv.pop())


def environment(secret=SECRET_KEY):
    return dict(os.environ, AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=secret, AWS_PAGER="",
                AWS_DEFAULT_REGION="eu-central-1", AWS_DEFAULT_OUTPUT="json", AWS_CONFIG_FILE="/dev/null",
                AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true")


def aws(*words, secret=SECRET_KEY):
    """What `aws dynamodb WORDS` says and how it ends."""
    done = subprocess.run(["/usr/bin/aws", "dynamodb", *words, "--endpoint-url", cluster().endpoints[1]],
                          env=environment(secret), capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


class CommandLine(unittest.TestCase):
    def does(self, *words):
        code, said, trouble = aws(*words)
        self.assertEqual(code, 0, trouble)
        return said

    def test_a_table_from_its_creation_to_its_end(self):
        self.does("create-table", "--table-name", "music", "--billing-mode", "PAY_PER_REQUEST",
                  "--key-schema", "AttributeName=artist,KeyType=HASH", "AttributeName=song,KeyType=RANGE",
                  "--attribute-definitions", "AttributeName=artist,AttributeType=S", "AttributeName=song,AttributeType=S")
        self.does("wait", "table-exists", "--table-name", "music")
        self.assertEqual(self.does("list-tables")["TableNames"], ["music"])
        for song in ("Sinnerman", "Feeling Good"):
            self.does("put-item", "--table-name", "music",
                      "--item", json.dumps({"artist": {"S": "Nina Simone"}, "song": {"S": song}}))
        self.does("update-item", "--table-name", "music",
                  "--key", '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}',
                  "--update-expression", "ADD plays :n", "--expression-attribute-values", '{":n": {"N": "3"}}')
        got = self.does("query", "--table-name", "music", "--consistent-read",
                        "--key-condition-expression", "artist = :a and begins_with(song, :s)",
                        "--expression-attribute-values", '{":a": {"S": "Nina Simone"}, ":s": {"S": "Sin"}}')
        self.assertEqual(got["Items"], [{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}, "plays": {"N": "3"}}])
        self.assertEqual(self.does("scan", "--table-name", "music", "--consistent-read", "--page-size", "1")["Count"], 2)
        self.does("delete-table", "--table-name", "music")
        self.does("wait", "table-not-exists", "--table-name", "music")
        self.assertEqual(self.does("list-tables")["TableNames"], [])

    def test_the_example_of_the_readme_works_as_it_stands(self):
        example = readme_example("sh", ("http://127.0.0.1:8000", cluster().endpoints[0]), ("_ID=any", f"_ID={ACCESS_KEY}"),
                                 ("_KEY=any", f"_KEY='{SECRET_KEY}'"), ("aws dynamodb", "/usr/bin/aws dynamodb"))
        done = subprocess.run(["bash", "-ec", example], env=environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.endswith(json.dumps(
            {"Item": {"born": {"N": "1933"}, "name": {"S": "Nina Simone"}}}, indent=4) + "\n"), done.stdout)
        self.does("delete-table", "--table-name", "artists")
        self.does("wait", "table-not-exists", "--table-name", "artists")

    def test_errors_are_told_in_dynamodbs_words(self):
        code, _, trouble = aws("get-item", "--table-name", "none", "--key", '{"id": {"S": "a"}}')
        self.assertNotEqual(code, 0)
        self.assertIn("An error occurred (ResourceNotFoundException) when calling the GetItem operation: "
                      "Requested resource not found", trouble)
        code, _, trouble = aws("list-tables", secret="wrong")
        self.assertNotEqual(code, 0)
        self.assertIn("(InvalidSignatureException)", trouble)


if __name__ == "__main__":
    unittest.main(verbosity=2)
