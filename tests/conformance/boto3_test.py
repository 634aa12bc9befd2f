#!/usr/bin/env python3
"""What boto3 does with DynamoDB, done with Troupe: signed requests to any node of three.

usage: boto3_test.py TROUPE
"""
import contextlib
import io
import subprocess
import sys
import threading
import time
import unittest
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError

from three_zones import ACCESS_KEY, SECRET_KEY, for_module, readme_example

setUpModule, tearDownModule, cluster = for_module(sys.argv.pop())


def keywords(node=0, secret=SECRET_KEY):
    return dict(endpoint_url=cluster().endpoints[node], region_name="eu-central-1", aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=secret, config=Config(retries={"max_attempts": 3}))


def client(**how):
    return boto3.client("dynamodb", **keywords(**how))


def resource(**how):
    return boto3.resource("dynamodb", **keywords(**how))


class Story(unittest.TestCase):
    made = 0

    def table(self, **keys):
        """A table of its own for each story; keys: name=type, the first is the partition key."""
        Story.made += 1
        name = f"story-{Story.made}"
        roles = ["HASH", "RANGE"]
        made = resource().create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in zip(keys, roles)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()])
        made.wait_until_exists()
        return made

    def refused(self, code, text, what, **how):
        with self.assertRaises(ClientError) as caught:
            what(**how)
        said = caught.exception.response["Error"]
        self.assertEqual((said["Code"], said["Message"]), (code, text))
        return caught.exception.response


class Signatures(Story):
    def test_a_wrong_secret_is_refused(self):
        with self.assertRaises(ClientError) as caught:
            client(secret="wrong").list_tables()
        self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidSignatureException")

    def test_every_node_answers(self):
        for node in range(3):
            self.assertEqual(client(node=node).describe_limits()["ResponseMetadata"]["HTTPStatusCode"], 200)


class Readme(Story):
    def test_the_example_works_as_it_stands(self):
        example = readme_example("python", ("http://127.0.0.1:8000", cluster().endpoints[0]),
                                 ('_id="any"', f'_id="{ACCESS_KEY}"'), ('_key="any"', f'_key="{SECRET_KEY}"'))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(example, "README.md", "exec"), {})
        self.assertEqual(said.getvalue(), "1\n")


class Writes(Story):
    def test_all_types_come_back_as_they_were(self):
        t = self.table(id="S")
        item = {"id": "a", "n": Decimal("1.25"), "b": b"\x00\xff", "yes": True, "nothing": None,
                "l": [1, "x", {"m": []}], "m": {"k": {"deep": Decimal("-0.5")}}, "ss": {"x", "y"},
                "ns": {Decimal(1), Decimal("2.5")}, "bs": {b"1", b"2"}}
        t.put_item(Item=item)
        got = t.get_item(Key={"id": "a"}, ConsistentRead=True)["Item"]
        got["b"], got["bs"] = got["b"].value, {one.value for one in got["bs"]}
        self.assertEqual(got, item)

    def test_a_condition_that_does_not_hold_changes_nothing_and_can_tell_the_item(self):
        t = self.table(id="S")
        t.put_item(Item={"id": "a", "v": 1})
        self.refused("ConditionalCheckFailedException", "The conditional request failed", t.put_item,
                     Item={"id": "a", "v": 2}, ConditionExpression=Attr("id").not_exists())
        self.refused("ConditionalCheckFailedException", "The conditional request failed", t.delete_item,
                     Key={"id": "a"}, ConditionExpression=Attr("v").gt(1))
        t.delete_item(Key={"id": "a"}, ConditionExpression=Attr("v").between(0, 1) & Attr("w").not_exists())
        self.assertNotIn("Item", t.get_item(Key={"id": "a"}, ConsistentRead=True))

    def test_update_item_returns_what_was_asked_for(self):
        t = self.table(id="S")
        first = t.update_item(Key={"id": "a"}, ReturnValues="ALL_NEW",
                              UpdateExpression="SET n = if_not_exists(n, :zero) + :one, l = :l, m = :m",
                              ExpressionAttributeValues={":zero": 0, ":one": 1, ":l": [1, 2, 3], ":m": {"x": 1}})
        self.assertEqual(first["Attributes"], {"id": "a", "n": 1, "l": [1, 2, 3], "m": {"x": 1}})
        then = t.update_item(Key={"id": "a"}, ReturnValues="UPDATED_NEW",
                             UpdateExpression="SET m.y = :v REMOVE l[0] ADD n :one, tags :tags",
                             ExpressionAttributeValues={":v": "new", ":one": 1, ":tags": {"t"}})
        self.assertEqual(then["Attributes"], {"n": 2, "m": {"y": "new"}, "l": [2], "tags": {"t"}})
        old = t.update_item(Key={"id": "a"}, ReturnValues="UPDATED_OLD", UpdateExpression="SET n = n - :one",
                            ExpressionAttributeValues={":one": 5})
        self.assertEqual(old["Attributes"], {"n": 2})
        self.assertEqual(t.get_item(Key={"id": "a"}, ConsistentRead=True)["Item"],
                         {"id": "a", "n": -3, "l": [2, 3], "m": {"x": 1, "y": "new"}, "tags": {"t"}})

    def test_updates_that_cannot_be_say_why_in_dynamodbs_words(self):
        t = self.table(id="S")
        wrong = "ValidationException"
        self.refused(wrong, "The provided expression refers to an attribute that does not exist in the item",
                     t.update_item, Key={"id": "a"}, UpdateExpression="SET n = n + :one",
                     ExpressionAttributeValues={":one": 1})
        self.refused(wrong, "One or more parameter values were invalid: Cannot update attribute id. This attribute is "
                            "part of the key", t.update_item, Key={"id": "a"}, UpdateExpression="SET id = :v",
                     ExpressionAttributeValues={":v": "b"})
        self.refused(wrong, "The document path provided in the update expression is invalid for update", t.update_item,
                     Key={"id": "a"}, UpdateExpression="SET m.x = :v", ExpressionAttributeValues={":v": 1})
        self.refused(wrong, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}",
                     t.update_item, Key={"id": "a"}, UpdateExpression="REMOVE x",
                     ExpressionAttributeValues={":unused": 1})
        self.assertNotIn("Item", t.get_item(Key={"id": "a"}, ConsistentRead=True))

    def test_counters_lose_nothing_though_many_count_at_every_node(self):
        name = self.table(id="S").name
        each = 40

        def count(node):
            mine = resource(node=node).Table(name)
            for _ in range(each):
                mine.update_item(Key={"id": "c"}, UpdateExpression="ADD n :one",
                                 ExpressionAttributeValues={":one": 1})

        counting = [threading.Thread(target=count, args=(i % 3,)) for i in range(9)]
        for one in counting:
            one.start()
        for one in counting:
            one.join()
        got = resource(node=1).Table(name).get_item(Key={"id": "c"}, ConsistentRead=True)
        self.assertEqual(got["Item"]["n"], each * len(counting))


class Reads(Story):
    def plays(self, of=("a", "b"), each=20):
        t = self.table(id="S", seq="N")
        with t.batch_writer() as batch:
            for who in of:
                for i in range(each):
                    batch.put_item(Item={"id": who, "seq": i, "even": i % 2 == 0, "text": "x" * 1000})
        return t

    def test_query_walks_one_collection_in_order_of_numbers(self):
        t = self.plays()
        got = t.query(KeyConditionExpression=Key("id").eq("a") & Key("seq").between(8, 11), ConsistentRead=True)
        self.assertEqual([one["seq"] for one in got["Items"]], [8, 9, 10, 11])
        back = t.query(KeyConditionExpression=Key("id").eq("b") & Key("seq").lt(3), ScanIndexForward=False,
                       ConsistentRead=True)
        self.assertEqual([one["seq"] for one in back["Items"]], [2, 1, 0])

    def test_limit_counts_before_the_filter(self):
        t = self.plays()
        got = t.query(KeyConditionExpression=Key("id").eq("a"), FilterExpression=Attr("even").eq(True), Limit=5,
                      ConsistentRead=True, ReturnConsumedCapacity="TOTAL", ProjectionExpression="seq")
        self.assertEqual(got["Items"], [{"seq": 0}, {"seq": 2}, {"seq": 4}])
        self.assertEqual((got["Count"], got["ScannedCount"]), (3, 5))
        self.assertEqual(got["LastEvaluatedKey"], {"id": "a", "seq": 4})
        self.assertEqual(got["ConsumedCapacity"]["CapacityUnits"], 2)

    def test_pages_follow_each_other_to_the_end(self):
        name = self.plays().name
        pages = list(client(node=2).get_paginator("query").paginate(
            TableName=name, KeyConditionExpression="id = :a", ExpressionAttributeValues={":a": {"S": "a"}}, Limit=3,
            ConsistentRead=True))
        self.assertEqual([int(one["seq"]["N"]) for page in pages for one in page["Items"]], list(range(20)))
        self.assertEqual(len(pages), 7)

    def test_segments_of_a_scan_are_the_whole_table_and_share_nothing(self):
        name = self.plays(of="abcdefgh", each=5).name
        seen = []
        for segment in range(3):
            for page in client().get_paginator("scan").paginate(TableName=name, Segment=segment, TotalSegments=3,
                                                                ConsistentRead=True, Limit=4):
                seen += [(one["id"]["S"], one["seq"]["N"]) for one in page["Items"]]
        self.assertEqual(len(seen), 40)
        self.assertEqual(len(set(seen)), 40)

    def test_scan_counts_and_filters(self):
        t = self.plays()
        self.assertEqual(t.scan(Select="COUNT", ConsistentRead=True)["Count"], 40)
        some = t.scan(FilterExpression=Attr("seq").lt(3) & Attr("id").is_in(["b"]), ConsistentRead=True)
        self.assertEqual((some["Count"], some["ScannedCount"]), (3, 40))

    def test_a_page_ends_at_one_megabyte(self):
        t = self.table(id="S", seq="N")
        for i in range(5):
            t.put_item(Item={"id": "a", "seq": i, "text": "x" * 300_000})
        got = t.query(KeyConditionExpression=Key("id").eq("a"), ConsistentRead=True)
        self.assertEqual(got["Count"], 4)
        rest = t.query(KeyConditionExpression=Key("id").eq("a"), ExclusiveStartKey=got["LastEvaluatedKey"],
                       ConsistentRead=True)
        self.assertEqual([one["seq"] for one in rest["Items"]], [4])

    def test_queries_that_cannot_be_say_why_in_dynamodbs_words(self):
        t = self.plays(each=1)
        wrong = "ValidationException"
        self.refused(wrong, "Query condition missed key schema element: id", t.query,
                     KeyConditionExpression=Key("seq").eq(1))
        self.refused(wrong, "Filter Expression can only contain non-primary key attributes: Primary key attribute: seq",
                     t.query, KeyConditionExpression=Key("id").eq("a"), FilterExpression=Attr("seq").eq(1))
        self.refused(wrong, "One or more parameter values were invalid: Condition parameter type does not match schema "
                            "type", t.query, KeyConditionExpression=Key("id").eq(1))
        self.refused(wrong, "The table does not have the specified index: nope", t.query, IndexName="nope",
                     KeyConditionExpression=Key("id").eq("a"))


class Tables(Story):
    def status(self, name):
        try:
            return client(node=1).describe_table(TableName=name)["Table"]["TableStatus"]
        except client().exceptions.ResourceNotFoundException:
            return None

    def until(self, what, within=60):
        deadline = time.monotonic() + within
        while not what():
            self.assertLess(time.monotonic(), deadline, "it never came to be")
            time.sleep(0.01)

    def refused_while(self, doing, name):
        in_use = f"Attempt to change a resource which is still in use: Table is being {doing}: {name}"
        self.refused("ResourceInUseException", in_use, client().delete_table, TableName=name)
        self.refused("ResourceInUseException", in_use, client().update_table, TableName=name,
                     TableClass="STANDARD")
        self.refused("ResourceInUseException", in_use, client().create_table, TableName=name,
                     BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])

    def put(self, name):
        client(node=2).put_item(TableName=name, Item={"id": {"S": "a"}})

    def knows_no(self, name):
        """A put finds no table, in DynamoDB's words."""
        try:
            self.put(name)
        except ClientError as refusal:
            said = refusal.response["Error"]
            self.assertEqual((said["Code"], said["Message"]),
                             ("ResourceNotFoundException", "Requested resource not found"))
            return True
        return False

    def test_a_table_that_is_being_made_or_deleted_is_left_alone_by_others(self):
        # Of many partitions, so that both take a while.
        maker = subprocess.Popen([cluster().troupe, "table", "create", "large", "--key", "id:S", "--partitions", "600",
                                  "--at", cluster().routers[0], "--timeout", "30s"])
        self.until(lambda: self.status("large") == "CREATING")
        self.refused_while("created", "large")
        self.assertTrue(self.knows_no("large"))
        self.assertEqual(self.status("large"), "CREATING", "made too quickly to show anything")
        self.assertEqual(maker.wait(60), 0)
        self.assertEqual(self.status("large"), "ACTIVE")
        self.put("large")

        deleter = threading.Thread(target=lambda: client(node=2).delete_table(TableName="large"))
        deleter.start()
        self.until(lambda: self.status("large") == "DELETING")
        self.refused_while("deleted", "large")
        # Like DynamoDB, a node may take writes to a table that is being deleted until it has heard of it.
        self.until(lambda: self.knows_no("large"), within=10)
        deleter.join()
        client().get_waiter("table_not_exists").wait(TableName="large", WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def test_an_update_says_that_it_is_updating_and_then_it_has(self):
        t = self.table(id="S")
        said = client().update_table(TableName=t.name,
                                     TableClass="STANDARD_INFREQUENT_ACCESS")["TableDescription"]
        self.assertEqual(said["TableStatus"], "UPDATING")
        client(node=1).get_waiter("table_exists").wait(TableName=t.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        now = client(node=2).describe_table(TableName=t.name)["Table"]
        self.assertEqual(now["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS")

    def test_a_table_knows_how_much_is_in_it(self):
        t = self.table(id="S")
        for i in range(10, 40):
            client(node=i % 3).put_item(TableName=t.name, Item={"id": {"S": str(i)}, "v": {"B": b"12345"}})
        for i in range(10, 20):
            client().delete_item(TableName=t.name, Key={"id": {"S": str(i)}})

        def figures():
            table = client(node=2).describe_table(TableName=t.name)["Table"]
            return table["ItemCount"], table["TableSizeBytes"]
        self.until(lambda: figures() == (20, 20 * len("id" "20" "v" "12345")))

    def test_a_table_made_anew_goes_by_its_new_keys_at_every_node(self):
        for _ in range(2):
            t = self.table(id="S")
            for node in range(3):
                client(node=node).put_item(TableName=t.name, Item={"id": {"S": str(node)}})
            t.delete()
            t.wait_until_not_exists()
            Story.made -= 1
            anew = self.table(number="N")
            self.assertEqual(anew.name, t.name)
            for node in range(3):
                client(node=node).batch_write_item(
                    RequestItems={t.name: [{"PutRequest": {"Item": {"number": {"N": str(node)}}}}]})
                client(node=node).put_item(TableName=t.name, Item={"number": {"N": str(10 + node)}})
                self.refused("ValidationException", "The provided key element does not match the schema",
                             client(node=node).get_item, TableName=t.name, Key={"id": {"S": "0"}})
            self.assertEqual(client().scan(TableName=t.name, ConsistentRead=True)["Count"], 6)


class Names(Story):
    def test_a_table_may_be_named_by_its_arn(self):
        t = self.table(id="S")
        arn = client().describe_table(TableName=t.name)["Table"]["TableArn"]
        self.assertEqual(client(node=1).describe_table(TableName=arn)["Table"]["TableName"], t.name)
        by_arn = resource(node=2).Table(arn)
        by_arn.put_item(Item={"id": "a", "n": 1})
        by_arn.update_item(Key={"id": "a"}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1})
        got = by_arn.get_item(Key={"id": "a"}, ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
        self.assertEqual((got["Item"], got["ConsumedCapacity"]["TableName"]), ({"id": "a", "n": 2}, arn))
        self.assertEqual(by_arn.scan(ConsistentRead=True)["Items"], [{"id": "a", "n": 2}])
        self.assertEqual(by_arn.query(KeyConditionExpression=Key("id").eq("a"))["Count"], 1)
        with by_arn.batch_writer() as batch:
            batch.put_item(Item={"id": "b"})
        got = client().batch_get_item(RequestItems={arn: {"Keys": [{"id": {"S": "b"}}], "ConsistentRead": True}})
        self.assertEqual(got["Responses"], {arn: [{"id": {"S": "b"}}]})
        by_arn.delete()
        by_arn.wait_until_not_exists()
        self.assertNotIn(t.name, client().list_tables()["TableNames"])

    def test_an_arn_made_of_ones_own_region_means_the_same_table(self):
        t = self.table(id="S")
        t.put_item(Item={"id": "a"})
        mine = f"arn:aws:dynamodb:eu-central-1:000000000000:table/{t.name}"
        self.assertIn("Item", client().get_item(TableName=mine, Key={"id": {"S": "a"}}, ConsistentRead=True))

    def test_a_table_of_another_account_or_region_is_not_ones_to_see(self):
        t = self.table(id="S")
        for theirs in (f"arn:aws:dynamodb:local:123456789012:table/{t.name}",
                       f"arn:aws:dynamodb:us-east-1:000000000000:table/{t.name}"):
            self.refused("AccessDeniedException",
                         f"User: is not authorized to perform: dynamodb:GetItem on resource: {theirs}",
                         client().get_item, TableName=theirs, Key={"id": {"S": "a"}})


class Projections(Story):
    def test_one_that_leads_into_a_key_is_refused(self):
        t = self.table(id="S", seq="N")
        text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: "
        self.refused("ValidationException", text + "id", t.get_item, Key={"id": "a", "seq": 1},
                     ProjectionExpression="v, id.part")
        self.refused("ValidationException", text + "seq", t.query, KeyConditionExpression=Key("id").eq("a"),
                     ProjectionExpression="seq[0]")
        self.refused("ValidationException", text + "id", t.scan, ProjectionExpression="id.part")
        self.refused("ValidationException", text + "id", client().batch_get_item, RequestItems={
            t.name: {"Keys": [{"id": {"S": "a"}, "seq": {"N": "1"}}], "ProjectionExpression": "id.part"}})


class Batches(Story):
    def test_what_is_written_together_is_read_together(self):
        t = self.table(id="S")
        client().batch_write_item(RequestItems={t.name: [{"PutRequest": {"Item": {"id": {"S": str(i)},
                                                                                   "v": {"N": str(i)}}}}
                                                         for i in range(25)]})
        client(node=1).batch_write_item(RequestItems={t.name: [{"DeleteRequest": {"Key": {"id": {"S": "7"}}}}]})
        got = client(node=2).batch_get_item(
            RequestItems={t.name: {"Keys": [{"id": {"S": str(i)}} for i in range(30)], "ConsistentRead": True,
                                   "ProjectionExpression": "v"}}, ReturnConsumedCapacity="TOTAL")
        self.assertEqual(sorted(int(one["v"]["N"]) for one in got["Responses"][t.name]),
                         [i for i in range(25) if i != 7])
        self.assertEqual(got["UnprocessedKeys"], {})
        self.assertEqual(got["ConsumedCapacity"][0]["CapacityUnits"], 30)

    def test_an_item_is_in_a_batch_only_once(self):
        t = self.table(id="S")
        self.refused("ValidationException", "Provided list of item keys contains duplicates",
                     client().batch_write_item,
                     RequestItems={t.name: [{"PutRequest": {"Item": {"id": {"S": "a"}, "v": {"N": "1"}}}},
                                            {"DeleteRequest": {"Key": {"id": {"S": "a"}}}}]})

    def test_a_batch_over_a_table_that_is_not_there_is_refused_whole(self):
        self.refused("ResourceNotFoundException", "Requested resource not found", client().batch_get_item,
                     RequestItems={"none": {"Keys": [{"id": {"S": "a"}}]}})


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # boto3 leaves its sockets to the collector
