#!/usr/bin/env python3
"""What is refused, in which words, and what is looked at first: as DynamoDB was seen to do it.

usage: refusals_test.py TROUPE
"""
import sys
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from three_zones import ACCESS_KEY, SECRET_KEY, for_module

setUpModule, tearDownModule, cluster = for_module(sys.argv.pop())

PLAYS = "plays"
INVALID = "ValidationException"


def api(node=0):
    return boto3.client("dynamodb", endpoint_url=cluster().endpoints[node], region_name="eu-central-1",
                        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
                        config=Config(retries={"max_attempts": 3}, parameter_validation=False))


def key(who="a", seq=0):
    return {"id": {"S": who}, "seq": {"N": str(seq)}}


OF_A = {"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        api().create_table(TableName=PLAYS, BillingMode="PAY_PER_REQUEST",
                           KeySchema=[{"AttributeName": "id", "KeyType": "HASH"},
                                      {"AttributeName": "seq", "KeyType": "RANGE"}],
                           AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"},
                                                 {"AttributeName": "seq", "AttributeType": "N"}])
        api().get_waiter("table_exists").wait(TableName=PLAYS, WaiterConfig={"Delay": 1})
        for who in "ab":
            api().put_item(TableName=PLAYS, Item={**key(who), "even": {"BOOL": True}})

    def refused(self, code, text, what, table=PLAYS, **how):
        with self.assertRaises(ClientError) as caught:
            what(**(how if table is None else dict(how, TableName=table)))
        said = caught.exception.response["Error"]
        self.assertEqual(said["Code"], code, said)
        if text is not None:
            self.assertEqual(said["Message"], text)

    def test_a_projection_makes_no_sense_where_only_the_count_is_wanted(self):
        text = "Cannot specify the ProjectionExpression when choosing to get only the Count"
        self.refused(INVALID, "1 validation error detected: " + text, api().query, Select="COUNT",
                     ProjectionExpression="seq", **OF_A)
        self.refused(INVALID, text, api().scan, Select="COUNT", ProjectionExpression="seq")

    def test_a_start_key_that_is_none_is_invalid_and_a_scan_of_a_table_says_why(self):
        text = "The provided starting key is invalid"
        half = {"id": {"S": "a"}}
        self.refused(INVALID, text, api().query, ExclusiveStartKey=half, **OF_A)
        self.refused(INVALID, text + ": The provided key element does not match the schema", api().scan,
                     ExclusiveStartKey=half)

    def test_a_conditional_operator_joins_two_conditions_at_least(self):
        one = {"v": {"ComparisonOperator": "NULL"}}
        none = "ConditionalOperator cannot be used without Filter or Expected"
        few = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        self.refused(INVALID, none, api().scan, ConditionalOperator="OR")
        self.refused(INVALID, none, api().scan, ConditionalOperator="AND", ScanFilter={})
        self.refused(INVALID, few, api().scan, ConditionalOperator="AND", ScanFilter=one)
        self.refused(INVALID, none, api().query, ConditionalOperator="AND")  # before that no key is named
        self.refused(INVALID, none, api().update_item, Key=key(), ConditionalOperator="AND")
        self.refused(INVALID, few, api().put_item, Item=key(), ConditionalOperator="AND", Expected=one)
        two = {**one, "even": {"ComparisonOperator": "EQ", "AttributeValueList": [{"BOOL": True}]}}
        got = api().scan(TableName=PLAYS, ConditionalOperator="AND", ScanFilter=two, ConsistentRead=True)
        self.assertEqual(got["Count"], 2)

    def test_what_a_request_says_is_looked_at_before_whether_there_is_such_a_table(self):
        for what, how in ((api().get_item, dict(Key=key(), ProjectionExpression="v, v.w")),
                          (api().get_item, dict(Key=key(), ProjectionExpression="")),
                          (api().update_item, dict(Key=key(), UpdateExpression="SET status = v")),
                          (api().update_item, dict(Key=key(), UpdateExpression="SET")),
                          (api().scan, dict(FilterExpression="v +")),
                          (api().put_item, dict(Item=key(), Expected={"v": {"ComparisonOperator": "EQ"}})),
                          (api().delete_item, dict(Key=key(), Expected={"v": {"ComparisonOperator": "EQ"}}))):
            self.refused(INVALID, None, what, table="nowhere", **how)
        self.refused(INVALID, "Provided list of item keys contains duplicates", api().batch_get_item, table=None,
                     RequestItems={"nowhere": {"Keys": [key(), key()]}})


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # boto3 leaves its sockets to the collector
