#!/usr/bin/env python3
"""Local secondary indexes as boto3 sees them: made, kept with the items, queried, scanned, reported.

usage: local_indexes_test.py TROUPE
"""
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest
import urllib.request
from decimal import Decimal
from pathlib import Path

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError

from three_zones import ACCESS_KEY, SECRET_KEY, ThreeZones, for_module

TROUPE = sys.argv.pop()
setUpModule, tearDownModule, cluster = for_module(TROUPE)

INVALID = "One or more parameter values were invalid: "


def keywords(node=0):
    return dict(endpoint_url=cluster().endpoints[node], region_name="eu-central-1", aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY, config=Config(retries={"max_attempts": 3}))


def client(**how):
    return boto3.client("dynamodb", **keywords(**how))


def resource(**how):
    return boto3.resource("dynamodb", **keywords(**how))


def index(name, sort, projection="ALL", included=None, partition="id"):
    shown = {"ProjectionType": projection}
    if included is not None:
        shown["NonKeyAttributes"] = included
    return {"IndexName": name, "Projection": shown,
            "KeySchema": [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]}


class Story(unittest.TestCase):
    made = 0

    def wish(self, indexes, definitions, keys=("id", "seq")):
        Story.made += 1
        return dict(TableName=f"story-{Story.made}", BillingMode="PAY_PER_REQUEST", LocalSecondaryIndexes=indexes,
                    KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"))],
                    AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                                          for name, kind in definitions.items()])

    def table(self, indexes, **more):
        made = resource().create_table(**self.wish(indexes, {"id": "S", "seq": "N", **more}))
        made.wait_until_exists()
        return made

    def refused(self, text, what, code="ValidationException", **how):
        with self.assertRaises(ClientError) as caught:
            what(**how)
        said = caught.exception.response["Error"]
        self.assertEqual((said["Code"], said["Message"]), (code, text))


class Tables(Story):
    def test_describe_tells_of_every_index_as_it_was_asked_for(self):
        wish = self.wish([index("by_rank", "rank"), index("by_name", "name", "INCLUDE", ["a", "b"]),
                          index("bare", "rank", "KEYS_ONLY")], {"id": "S", "seq": "N", "rank": "N", "name": "S"})
        made = client().create_table(**wish)["TableDescription"]
        client().get_waiter("table_exists").wait(TableName=wish["TableName"])
        told = client(node=2).describe_table(TableName=wish["TableName"])["Table"]
        for description in made, told:
            self.assertEqual([{key: one[key] for key in ("IndexName", "KeySchema", "Projection")}
                              for one in description["LocalSecondaryIndexes"]], wish["LocalSecondaryIndexes"])
            for one in description["LocalSecondaryIndexes"]:
                self.assertEqual(one["IndexArn"], description["TableArn"] + "/index/" + one["IndexName"])
                self.assertEqual((one["IndexSizeBytes"], one["ItemCount"]), (0, 0))

    def test_tables_that_cannot_be_say_why_in_dynamodbs_words(self):
        keys = {"id": "S", "seq": "N"}
        some = {**keys, "rank": "N"}

        def create(indexes, definitions=some, **how):
            return client().create_table(**self.wish(indexes, definitions, **how))

        self.refused(INVALID + "List of LocalSecondaryIndexes is empty", create, indexes=[], definitions=keys)
        self.refused(INVALID + "Table KeySchema does not have a range key, which is required when specifying a "
                               "LocalSecondaryIndex", create, indexes=[index("one", "rank")],
                     definitions={"id": "S", "rank": "N"}, keys=("id",))
        self.refused(INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [id, nope], "
                               "AttributeDefinitions: [id, seq, rank]", create, indexes=[index("one", "nope")])
        self.refused(INVALID + "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                               "one. index hash key: seq, table hash key: id", create,
                     indexes=[index("one", "rank", partition="seq")])
        self.refused(INVALID + "Duplicate index name: one", create,
                     indexes=[index("one", "rank"), index("one", "rank", "KEYS_ONLY")])
        self.refused(INVALID + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified", create,
                     indexes=[index("one", "rank", "KEYS_ONLY", ["a"])])
        self.refused(INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified", create,
                     indexes=[index("one", "rank", "INCLUDE")])
        self.refused(INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5", create,
                     indexes=[index(f"by_{i}", "rank") for i in range(6)])
        self.refused(INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [id, seq, rank, more], "
                               "keys used: [id, rank, seq]", create, indexes=[index("one", "rank")],
                     definitions={**some, "more": "S"})
        with self.assertRaises(ClientError) as caught:
            create([index("a!b", "rank")])
        self.assertIn("localSecondaryIndexes.1.member.indexName", str(caught.exception))


class Writes(Story):
    def test_an_entry_comes_moves_and_goes_with_its_item(self):
        t = self.table([index("by_rank", "rank")], rank="N")

        def ranks():
            got = t.query(IndexName="by_rank", KeyConditionExpression=Key("id").eq("a"), ConsistentRead=True)
            return [(one["rank"], one["seq"], one.get("v")) for one in got["Items"]]

        t.put_item(Item={"id": "a", "seq": 1})
        self.assertEqual(ranks(), [])
        t.put_item(Item={"id": "a", "seq": 1, "rank": 7})
        t.update_item(Key={"id": "a", "seq": 2}, UpdateExpression="SET #r = :r", ExpressionAttributeNames={"#r": "rank"},
                      ExpressionAttributeValues={":r": 3})
        t.put_item(Item={"id": "b", "seq": 1, "rank": 5})
        self.assertEqual(ranks(), [(3, 2, None), (7, 1, None)])
        t.update_item(Key={"id": "a", "seq": 1}, UpdateExpression="ADD #r :by SET v = :v",
                      ExpressionAttributeNames={"#r": "rank"}, ExpressionAttributeValues={":by": -6, ":v": "moved"})
        self.assertEqual(ranks(), [(1, 1, "moved"), (3, 2, None)])
        t.update_item(Key={"id": "a", "seq": 1}, UpdateExpression="REMOVE #r", ExpressionAttributeNames={"#r": "rank"})
        self.assertEqual(ranks(), [(3, 2, None)])
        t.delete_item(Key={"id": "a", "seq": 2})
        self.assertEqual(ranks(), [])

    def test_values_that_no_index_can_hold_are_refused_in_dynamodbs_words(self):
        t = self.table([index("second", "name"), index("first", "name", "KEYS_ONLY"), index("by_rank", "rank")],
                       name="S", rank="N")
        mismatch = INVALID + "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}"
        empty = ("One or more parameter values are not valid. A value specified for a secondary index key is not "
                 "supported. The AttributeValue for a key attribute cannot contain an empty string value. "
                 "IndexName: first, IndexKey: name")
        here = {"id": "a", "seq": 1}
        self.refused(mismatch.format("name", "S", "N", "first"), t.put_item, Item={**here, "name": 1})
        self.refused(mismatch.format("rank", "N", "NULL", "by_rank"), t.put_item, Item={**here, "name": "", "rank": None})
        self.refused(empty, t.put_item, Item={**here, "name": ""})
        self.refused(INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes", t.put_item,
                     Item={**here, "name": "x" * 1025})
        t.put_item(Item={**here, "name": "x" * 1024})

        def update(said, value=None):
            return t.update_item(Key=here, UpdateExpression=said, ExpressionAttributeNames={"#n": "name"},
                                 **({} if value is None else {"ExpressionAttributeValues": {":v": value}}))

        self.refused(mismatch.format("name", "S", "N", "first"), update, said="SET #n = :v", value=1)
        self.refused(mismatch.format("name", "S", "N", "first"), update, said="ADD #n :v", value=1)
        self.refused("One or more parameter values are not valid. The update expression attempted to update a secondary "
                     "index key to a value that is not supported. The AttributeValue for a key attribute cannot contain "
                     "an empty string value.", update, said="SET #n = :v", value="")
        self.refused("The update expression attempted to update the secondary index key to unsupported type", update,
                     said="SET #n = seq")
        self.refused("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                     "IndexKey: name", update, said="SET #n.x = :v", value=1)
        writes = [{"PutRequest": {"Item": {"id": "b", "seq": i, "name": "n" if i else 1}}} for i in (1, 0)]
        self.refused(mismatch.format("name", "S", "N", "first"), resource().batch_write_item,
                     RequestItems={t.name: writes})
        self.assertEqual(t.scan(ConsistentRead=True)["Items"], [{**here, "name": "x" * 1024}])

    def test_capacity_is_told_for_the_table_and_each_index_that_changed(self):
        t = self.table([index("by_rank", "rank"), index("bare", "name", "KEYS_ONLY")], name="S", rank="N")

        def cost(made):
            told = made["ConsumedCapacity"]
            return (told["CapacityUnits"], told["Table"]["CapacityUnits"],
                    {name: one["CapacityUnits"] for name, one in told.get("LocalSecondaryIndexes", {}).items()})

        def put(**more):
            return cost(t.put_item(Item={"id": "a", "seq": 1, **more}, ReturnConsumedCapacity="INDEXES"))

        self.assertEqual(put(), (1, 1, {}))
        self.assertEqual(put(rank=1, text="x" * 1500), (4, 2, {"by_rank": 2}))
        self.assertEqual(put(rank=1, text="x" * 1500), (2, 2, {}))
        self.assertEqual(put(rank=1, text="x", name="n"), (5, 2, {"by_rank": 2, "bare": 1}))
        self.assertEqual(put(rank=2, text="x", name="n"), (3, 1, {"by_rank": 2}))
        made = t.update_item(Key={"id": "a", "seq": 1}, UpdateExpression="SET #n = :v", ReturnConsumedCapacity="INDEXES",
                             ExpressionAttributeNames={"#n": "name"}, ExpressionAttributeValues={":v": "m"})
        self.assertEqual(cost(made), (4, 1, {"by_rank": 1, "bare": 2}))
        gone = t.delete_item(Key={"id": "a", "seq": 1}, ReturnConsumedCapacity="INDEXES")
        self.assertEqual(cost(gone), (3, 1, {"by_rank": 1, "bare": 1}))

    def test_item_collections_are_told_of_where_there_are_indexes(self):
        t = self.table([index("by_rank", "rank")], rank="N")
        here = {"id": "a", "seq": 1}
        wanted = {"ItemCollectionKey": {"id": "a"}, "SizeEstimateRangeGB": [0.0, 1.0]}
        size = dict(ReturnItemCollectionMetrics="SIZE")
        self.assertEqual(t.put_item(Item=here, **size)["ItemCollectionMetrics"], wanted)
        self.assertEqual(t.update_item(Key=here, **size)["ItemCollectionMetrics"], wanted)
        self.assertEqual(t.delete_item(Key=here, **size)["ItemCollectionMetrics"], wanted)
        self.assertNotIn("ItemCollectionMetrics", t.put_item(Item=here))
        writes = [{"PutRequest": {"Item": {"id": who, "seq": i}}} for who in "ab" for i in range(2)]
        told = resource().batch_write_item(RequestItems={t.name: writes}, **size)["ItemCollectionMetrics"]
        self.assertEqual(sorted(one["ItemCollectionKey"]["id"] for one in told[t.name]), ["a", "b"])
        plain = resource().create_table(
            TableName=t.name + "-plain", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        plain.wait_until_exists()
        self.assertNotIn("ItemCollectionMetrics", plain.put_item(Item={"id": "a"}, **size))


class Reads(Story):
    def plays(self):
        t = self.table([index("by_rank", "rank"), index("by_name", "name", "INCLUDE", ["v"]),
                        index("bare", "name", "KEYS_ONLY")], name="S", rank="N")
        with t.batch_writer() as batch:
            for i in range(12):
                batch.put_item(Item={"id": "a", "seq": i, "rank": Decimal(i % 4) - 2, "name": f"n{11 - i:02}", "v": i,
                                     "text": "x" * 1000})
            batch.put_item(Item={"id": "a", "seq": 100})
            batch.put_item(Item={"id": "b", "seq": 1, "rank": 9, "name": "n05"})
        return t

    def query(self, t, name, condition=None, **how):
        keys = Key("id").eq("a") if condition is None else Key("id").eq("a") & condition
        return t.query(IndexName=name, KeyConditionExpression=keys, ConsistentRead=True, **how)

    def test_equal_keys_stand_in_the_order_of_the_table(self):
        t = self.plays()
        order = [(rank, seq) for rank in range(-2, 2) for seq in range(rank + 2, 12, 4)]
        got = self.query(t, "by_rank")["Items"]
        self.assertEqual([(one["rank"], one["seq"]) for one in got], order)
        back = self.query(t, "by_rank", ScanIndexForward=False)["Items"]
        self.assertEqual([(one["rank"], one["seq"]) for one in back], order[::-1])

    def test_every_operator_holds_on_the_index_sort_key(self):
        t = self.plays()
        rank, name = Key("rank"), Key("name")
        for condition, hold in [(rank.eq(-1), {-1}), (rank.lt(-1), {-2}), (rank.lte(-1), {-2, -1}), (rank.gt(0), {1}),
                                (rank.gte(0), {0, 1}), (rank.between(-1, 0), {-1, 0}), (rank.between(5, 9), set())]:
            got = self.query(t, "by_rank", condition)["Items"]
            self.assertEqual({one["rank"] for one in got}, hold)
            self.assertEqual(len(got), 3 * len(hold))
        self.assertEqual([one["name"] for one in self.query(t, "bare", name.begins_with("n1"))["Items"]], ["n10", "n11"])
        self.assertEqual([one["name"] for one in self.query(t, "bare", name.gt("n09"))["Items"]], ["n10", "n11"])
        old = client().query(TableName=t.name, IndexName="by_rank", KeyConditions={
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "rank": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "0"}]}}, ConsistentRead=True)
        self.assertEqual(old["Count"], 3)

    def test_a_projection_shows_what_it_has_and_the_table_has_the_rest(self):
        t = self.plays()
        one = Key("name").eq("n03")
        whole = {"id": "a", "seq": 8, "rank": -2, "name": "n03", "v": 8, "text": "x" * 1000}
        keys = {"id": "a", "seq": 8, "name": "n03"}
        self.assertEqual(self.query(t, "bare", one)["Items"], [keys])
        self.assertEqual(self.query(t, "by_name", one)["Items"], [{**keys, "v": 8}])
        self.assertEqual(self.query(t, "by_name", one, Select="ALL_PROJECTED_ATTRIBUTES")["Items"], [{**keys, "v": 8}])
        self.assertEqual(self.query(t, "bare", one, Select="ALL_ATTRIBUTES")["Items"], [whole])
        self.assertEqual(self.query(t, "bare", one, ProjectionExpression="v, seq")["Items"], [{"v": 8, "seq": 8}])
        self.assertEqual(self.query(t, "bare", one, Select="COUNT")["Count"], 1)
        self.assertNotIn("Items", self.query(t, "bare", one, Select="COUNT"))
        filtered = self.query(t, "bare", FilterExpression=Attr("v").lt(3))
        self.assertEqual(([item["seq"] for item in filtered["Items"]], filtered["ScannedCount"]), ([2, 1, 0], 12))
        self.assertEqual(set(filtered["Items"][0]), {"id", "seq", "name"})

    def test_capacity_tells_what_was_read_where(self):
        t = self.plays()

        def cost(name, **how):
            told = self.query(t, name, ReturnConsumedCapacity="INDEXES", **how)["ConsumedCapacity"]
            return told["CapacityUnits"], told["Table"]["CapacityUnits"], {
                one: units["CapacityUnits"] for one, units in told["LocalSecondaryIndexes"].items()}

        self.assertEqual(cost("by_rank"), (4, 0, {"by_rank": 4}))
        self.assertEqual(cost("bare"), (1, 0, {"bare": 1}))
        self.assertEqual(cost("bare", Select="ALL_ATTRIBUTES"), (13, 12, {"bare": 1}))
        self.assertEqual(cost("bare", ProjectionExpression="v", Limit=5), (6, 5, {"bare": 1}))

    def test_pages_begin_where_the_one_before_ended(self):
        t = self.plays()
        for forward in True, False:
            want = [one["seq"] for one in self.query(t, "by_rank", ScanIndexForward=forward)["Items"]]
            seen, start = [], {}
            while True:
                page = self.query(t, "by_rank", ScanIndexForward=forward, Limit=5, **start)
                seen += [one["seq"] for one in page["Items"]]
                if "LastEvaluatedKey" not in page:
                    break
                self.assertEqual(set(page["LastEvaluatedKey"]), {"id", "seq", "rank"})
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
            self.assertEqual(seen, want)

    def test_a_page_of_an_index_ends_at_one_megabyte(self):
        t = self.table([index("by_rank", "rank"), index("bare", "rank", "KEYS_ONLY")], rank="N")
        for i in range(5):
            t.put_item(Item={"id": "a", "seq": i, "rank": -i, "text": "x" * 300_000})
        got = self.query(t, "by_rank")
        self.assertEqual([one["seq"] for one in got["Items"]], [4, 3, 2, 1])
        rest = self.query(t, "by_rank", ExclusiveStartKey=got["LastEvaluatedKey"])
        self.assertEqual([one["seq"] for one in rest["Items"]], [0])
        self.assertEqual(self.query(t, "bare")["Count"], 5)

    def test_scans_of_an_index_see_each_entry_once_in_any_number_of_segments(self):
        t = self.table([index("by_rank", "rank", "KEYS_ONLY")], rank="N")
        with t.batch_writer() as batch:
            for who in "abcdefgh":
                for i in range(6):
                    batch.put_item(Item={"id": who, "seq": i, **({"rank": 10 - i} if i % 2 else {})})
        for segments in 1, 3:
            seen = []
            for segment in range(segments):
                how = dict(Segment=segment, TotalSegments=segments) if segments > 1 else {}
                for page in client(node=1).get_paginator("scan").paginate(
                        TableName=t.name, IndexName="by_rank", ConsistentRead=True, Limit=4, **how):
                    seen += [(one["id"]["S"], int(one["seq"]["N"]), int(one["rank"]["N"])) for one in page["Items"]]
            self.assertEqual(sorted(seen), [(who, i, 10 - i) for who in "abcdefgh" for i in (1, 3, 5)])

    def test_reads_that_cannot_be_say_why_in_dynamodbs_words(self):
        t = self.plays()
        a = Key("id").eq("a")
        self.refused("The table does not have the specified index: nope", t.query, IndexName="nope",
                     KeyConditionExpression=a)
        self.refused("The table does not have the specified index: nope", t.scan, IndexName="nope")
        self.refused("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName", t.query,
                     KeyConditionExpression=a, Select="ALL_PROJECTED_ATTRIBUTES")
        self.refused("Query condition missed key schema element: rank", t.query, IndexName="by_rank",
                     KeyConditionExpression=a & Key("seq").eq(1))
        self.refused("Filter Expression can only contain non-primary key attributes: Primary key attribute: rank",
                     t.query, IndexName="by_rank", KeyConditionExpression=a, FilterExpression=Attr("rank").eq(1))
        self.assertEqual(t.query(IndexName="by_rank", KeyConditionExpression=a, ConsistentRead=True,
                                 FilterExpression=Attr("seq").lt(2))["Count"], 2)
        wrong = "The provided starting key is invalid"
        self.refused(wrong, t.query, IndexName="by_rank", KeyConditionExpression=a,
                     ExclusiveStartKey={"id": "a", "seq": 1})
        self.refused(wrong, t.scan, IndexName="by_rank", ExclusiveStartKey={"id": "a", "seq": 1, "name": "x"})
        self.refused("The provided starting key is outside query boundaries based on provided conditions", t.query,
                     IndexName="by_rank", KeyConditionExpression=a,
                     ExclusiveStartKey={"id": "b", "seq": 1, "rank": 9})
        self.refused("The provided starting key does not match the range key predicate", t.query, IndexName="by_rank",
                     KeyConditionExpression=a & Key("rank").gt(0), ExclusiveStartKey={"id": "a", "seq": 1, "rank": -1})


PROJECTIONS = {"whole": ("rank", None), "some": ("name", {"id", "seq", "name", "v"}), "bare": ("at", {"id", "seq", "at"})}


class Contents(Story):
    """Random writes to a table with an index of each projection; and what its indexes must hold then."""

    def churned(self):
        return self.table([index("whole", "rank"), index("some", "name", "INCLUDE", ["v"]), index("bare", "at", "KEYS_ONLY")],
                          rank="N", name="S", at="B")

    @staticmethod
    def churn(t, dice, writes):
        for _ in range(writes):
            item = {"id": dice.choice("abc"), "seq": dice.randrange(25), "v": dice.randrange(3),
                    "rest": "x" * dice.randrange(200)}
            if dice.random() < 0.7:
                item["rank"] = dice.randrange(-3, 3)
            if dice.random() < 0.7:
                item["name"] = dice.choice(["n", "n\0", "n\0n", "m", "ü"])
            if dice.random() < 0.7:
                item["at"] = bytes(dice.choice(b"\x00\x01\xff") for _ in range(dice.randrange(1, 4)))
            key = {"id": item["id"], "seq": item["seq"]}
            dealt = dice.random()
            if dealt < 0.6:
                t.put_item(Item=item)
            elif dealt < 0.8:
                attribute = dice.choice(["rank", "name", "at", "v"])
                there = attribute in item
                t.update_item(Key=key, UpdateExpression="SET #a = :v" if there else "REMOVE #a",
                              ExpressionAttributeNames={"#a": attribute},
                              **({"ExpressionAttributeValues": {":v": item[attribute]}} if there else {}))
            else:
                t.delete_item(Key=key)

    @staticmethod
    def contents(t, consistent=True):
        """What each index says, and what it should say by what the table says."""
        items = t.scan(ConsistentRead=consistent)["Items"]
        want, got = {}, {}

        def order(sort):
            def key(one):
                value = getattr(one[sort], "value", one[sort])
                return (value.encode() if isinstance(value, str) else value), one["seq"]
            return key

        for name, (sort, shown) in PROJECTIONS.items():
            for who in "abc":
                mine = sorted((one for one in items if one["id"] == who and sort in one), key=order(sort))
                want[name, who] = [{key: value for key, value in one.items() if shown is None or key in shown}
                                   for one in mine]
                got[name, who] = t.query(IndexName=name, KeyConditionExpression=Key("id").eq(who),
                                         ConsistentRead=consistent)["Items"]
        return got, want

    def same(self, t):
        got, want = self.contents(t)
        self.assertEqual(got, want)
        self.assertGreater(sum(map(len, want.values())), 30)

    def eventually(self, holds, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), deadline, "in vain waited")
            time.sleep(0.1)


class Whole(Contents):
    def test_indexes_hold_what_the_table_says_after_any_writes(self):
        t = self.churned()
        self.churn(t, random.Random(4), 400)
        self.same(t)

    def test_a_table_tells_how_much_is_in_each_index(self):
        t = self.table([index("by_rank", "rank"), index("bare", "rank", "KEYS_ONLY")], rank="N")
        for i in range(10):
            t.put_item(Item={"id": "a", "seq": i, "text": "x" * 100, **({"rank": i} if i % 2 else {})})

        def figures():
            told = client().describe_table(TableName=t.name)["Table"]["LocalSecondaryIndexes"]
            return [(one["ItemCount"], one["IndexSizeBytes"]) for one in told]

        # Names and values: id 3, seq 3 and 2, rank 4 and 2, text 4 and 100.
        self.eventually(lambda: figures() == [(5, 5 * 118), (5, 5 * 14)])


class Faults(Contents):
    """A cluster of its own, that keeps little of its logs: who was away for long is sent a snapshot."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = ThreeZones(TROUPE, ("storage:", "  log_retention: 64KiB"))
        cls.usual, cls.here = cluster, lambda: cls.cluster
        globals()["cluster"] = cls.here

    @classmethod
    def tearDownClass(cls):
        globals()["cluster"] = cls.usual
        code = cls.cluster.stop()
        assert code == 0, f"the cluster ended with {code}:\n{cls.cluster.said}"

    def leader(self, t):
        said = subprocess.run([TROUPE, "status", "--partitions", "--json", "--at", ",".join(self.cluster.routers)],
                              capture_output=True, text=True, check=True).stdout
        return next(one["leader"] for one in json.loads(said)["partitions"] if one["table"] == t.name)

    def process(self, node):
        parent = self.cluster.process.pid
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if node in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                return int(pid)
        self.fail(f"no process of {node}")

    def metric(self, node, name):
        with urllib.request.urlopen(self.cluster.metrics[node - 1] + "/metrics", timeout=5) as said:
            lines = said.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def test_indexes_hold_what_the_table_says_when_the_leader_has_died(self):
        t = self.churned()
        dice = random.Random(5)
        for _ in range(2):
            self.churn(t, dice, 150)
            dead = self.leader(t)
            os.kill(self.process(dead), signal.SIGKILL)
            other = resource(node=int(dead[1]) % 3).Table(t.name)
            self.same(other)
            self.churn(other, dice, 50)
            self.same(other)
            self.eventually(lambda: self.cluster.healthy(self.cluster.endpoints[int(dead[1]) - 1]))

    def test_a_member_that_was_sent_a_snapshot_has_the_indexes_of_its_items(self):
        t = self.churned()
        dice = random.Random(6)
        self.churn(t, dice, 100)
        leader = int(self.leader(t)[1])
        away = leader % 3 + 1
        links = self.metric(leader, "troupe_links{")
        os.kill(self.process(f"n{away}"), signal.SIGSTOP)
        try:
            # Until then what is written is on its way to the member, in buffers that it empties when it goes on.
            self.eventually(lambda: self.metric(leader, "troupe_links{") < links)
            at_leader = resource(node=leader - 1).Table(t.name)
            with at_leader.batch_writer() as batch:  # more than the log keeps
                for i in range(1500):
                    batch.put_item(Item={"id": "filler", "seq": i, "rest": "x" * 300})
            self.churn(at_leader, dice, 100)
            self.eventually(lambda: self.metric(leader, "troupe_log_entries") < 1000)
        finally:
            os.kill(self.process(f"n{away}"), signal.SIGCONT)
        self.eventually(lambda: self.metric(away, "troupe_snapshots_installed_total") > 0)
        back = resource(node=away - 1).Table(t.name)
        wanted = self.contents(at_leader)
        self.assertEqual(*wanted)
        # The copy beside its router answers what need not be the newest.
        self.eventually(lambda: self.contents(back, consistent=False) == wanted)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # boto3 leaves its sockets to the collector
