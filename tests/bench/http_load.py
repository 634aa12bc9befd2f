#!/usr/bin/env python3
"""Fills a table over the DynamoDB API, and writes the requests that wrk shall send (tests/bench/http_load.lua).

usage: http_load.py HOST:PORT FOLDER --table NAME --items N --size BYTES --access-key KEY --secret-key KEY

The table is made unless it is there: key `id`, a string. Items have ten attributes of together so many bytes. FOLDER gets
get_item.requests and put_item.requests, one request for each item, in random orders: of each its length in bytes on a
line, and then its bytes. Requests are signed (Signature Version 4), good for 15 minutes; what takes no notice of signatures
may have them all the same. The same arguments make the same items.
"""
import argparse
import hashlib
import hmac
import http.client
import json
import random
import sys
import time
from pathlib import Path

FIELDS = 10
BATCH = 25
PATIENCE_SECONDS = 60
REGION = "local"
JSON = "application/x-amz-json-1.0"


class Signer:
    """Requests for one host, signed at one moment."""

    def __init__(self, host, access_key, secret_key):
        self.host = host
        self.moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.scope = f"{self.moment[:8]}/{REGION}/dynamodb/aws4_request"
        self.access_key = access_key
        self.key = b"AWS4" + secret_key.encode()
        for part in self.scope.split("/"):
            self.key = hmac.new(self.key, part.encode(), hashlib.sha256).digest()

    def headers(self, operation, body):
        signed = {"content-type": JSON, "host": self.host, "x-amz-date": self.moment,
                  "x-amz-target": f"DynamoDB_20120810.{operation}"}
        names = ";".join(signed)
        canonical = "\n".join(["POST", "/", "", *(f"{name}:{value}" for name, value in signed.items()), "", names,
                               hashlib.sha256(body).hexdigest()])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", self.moment, self.scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signature = hmac.new(self.key, to_sign.encode(), hashlib.sha256).hexdigest()
        return {**signed, "authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{self.scope}, "
                                           f"SignedHeaders={names}, Signature={signature}"}

    def request(self, operation, what):
        """All bytes of a request."""
        body = json.dumps(what, separators=(",", ":")).encode()
        lines = [f"{name}: {value}" for name, value in self.headers(operation, body).items()]
        return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + f"\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body


class Api:
    def __init__(self, signer):
        self.signer = signer
        self.connection = http.client.HTTPConnection(signer.host, timeout=30)

    def ask(self, operation, what):
        """Status and answer."""
        body = json.dumps(what).encode()
        self.connection.request("POST", "/", body, self.signer.headers(operation, body))
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def must(self, operation, what):
        status, said = self.ask(operation, what)
        if status != 200:
            sys.exit(f"{operation}: {status} {said}")
        return said


def wait_until_listening(api):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return api.connection.connect()
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nobody answers at {api.signer.host}")
            time.sleep(0.05)


def make_table(api, name):
    if api.ask("DescribeTable", {"TableName": name})[0] != 200:
        api.must("CreateTable", {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
                                 "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                                 "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while api.must("DescribeTable", {"TableName": name})["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            sys.exit(f"table {name} is not active")
        time.sleep(0.05)


def make_items(count, size):
    values = random.Random(1)
    width = max(size // FIELDS, 2)
    for i in range(count):
        fields = {f"field{n}": {"S": values.randbytes(width // 2).hex()} for n in range(FIELDS)}
        yield {"id": {"S": f"user{i:016}"}, **fields}


def load(api, name, items):
    for i in range(0, len(items), BATCH):
        left = {name: [{"PutRequest": {"Item": item}} for item in items[i:i + BATCH]]}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left:
            left = api.must("BatchWriteItem", {"RequestItems": left})["UnprocessedItems"]
            if left and time.monotonic() > deadline:
                sys.exit("the table does not take all items")


def write(file, requests):
    order = list(requests)
    random.Random(2).shuffle(order)
    with open(file, "wb") as out:
        for request in order:
            out.write(b"%d\n%s" % (len(request), request))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("host")
    parser.add_argument("folder", type=Path)
    for name in ("--table", "--access-key", "--secret-key"):
        parser.add_argument(name, required=True)
    for name in ("--items", "--size"):
        parser.add_argument(name, type=int, required=True)
    wish = parser.parse_args()
    signer = Signer(wish.host, wish.access_key, wish.secret_key)
    api = Api(signer)
    wait_until_listening(api)
    make_table(api, wish.table)
    items = list(make_items(wish.items, wish.size))
    load(api, wish.table, items)
    write(wish.folder / "put_item.requests",
          (signer.request("PutItem", {"TableName": wish.table, "Item": item}) for item in items))
    write(wish.folder / "get_item.requests",
          (signer.request("GetItem", {"TableName": wish.table, "Key": {"id": item["id"]}, "ConsistentRead": True})
           for item in items))


if __name__ == "__main__":
    main()
