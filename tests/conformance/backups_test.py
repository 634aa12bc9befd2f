#!/usr/bin/env python3
"""Backups, restores and point-in-time recovery as boto3 sees them, against three zones with an archive.

usage: backups_test.py TROUPE
"""
import datetime
import sys
import threading
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from three_zones import ACCESS_KEY, SECRET_KEY, ThreeZones, for_module

TROUPE = sys.argv.pop()
setUpModule, tearDownModule, cluster = for_module(TROUPE, ["archive:", "  directory: archive"])

NOWHERE = "arn:aws:dynamodb:local:000000000000:table/nowhere/backup/01489173575360-00000000b308cd7d"


def client(node=0, of=None):
    return boto3.client("dynamodb", endpoint_url=(of or cluster()).endpoints[node], region_name="eu-central-1",
                        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
                        config=Config(retries={"max_attempts": 3}))


def within(seconds, what, holds):
    """The first truthy answer of `holds`, asked again until then."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Story(unittest.TestCase):
    made = 0

    def name(self):
        Story.made += 1
        return f"story-{Story.made}"

    def table(self, items=0, **more):
        wish = dict(TableName=self.name(), BillingMode="PAY_PER_REQUEST",
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        wish.update(more)
        client().create_table(**wish)
        client().get_waiter("table_exists").wait(TableName=wish["TableName"], WaiterConfig={"Delay": 1})
        for i in range(items):
            client().put_item(TableName=wish["TableName"], Item={"id": {"S": f"item-{i}"}, "n": {"N": str(i)}})
        return wish["TableName"]

    def backup(self, table, name="nightly"):
        """Made, and available."""
        arn = client().create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]
        self.available(arn)
        return arn

    def available(self, arn):
        def look():
            told = client(node=1).describe_backup(BackupArn=arn)["BackupDescription"]
            return told if told["BackupDetails"]["BackupStatus"] == "AVAILABLE" else None
        return within(120, "the backup is available", look)

    def refused(self, code, what, text=None, **how):
        with self.assertRaises(ClientError) as caught:
            what(**how)
        said = caught.exception.response["Error"]
        self.assertEqual(said["Code"], code, said)
        if text is not None:
            self.assertEqual(said["Message"], text)
        return said["Message"]


class Backups(Story):
    def test_one_is_made_described_and_deleted(self):
        table = self.table(items=20)
        made = client().create_backup(TableName=table, BackupName="nightly")["BackupDetails"]
        self.assertEqual((made["BackupName"], made["BackupType"]), ("nightly", "USER"))
        self.assertIn(made["BackupStatus"], ("CREATING", "AVAILABLE"))
        self.assertRegex(made["BackupArn"], rf"^arn:aws:dynamodb:[^:]+:\d+:table/{table}/backup/\d{{14}}-[0-9a-f]+$")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs(now - made["BackupCreationDateTime"]), datetime.timedelta(seconds=60))

        told = self.available(made["BackupArn"])
        source = told["SourceTableDetails"]
        self.assertEqual((source["TableName"], source["BillingMode"]), (table, "PAY_PER_REQUEST"))
        self.assertEqual(source["KeySchema"], [{"AttributeName": "id", "KeyType": "HASH"}])
        described = client().describe_table(TableName=table)["Table"]
        self.assertEqual((source["TableId"], source["TableArn"]), (described["TableId"], described["TableArn"]))

        gone = client(node=2).delete_backup(BackupArn=made["BackupArn"])["BackupDescription"]
        self.assertEqual(gone["BackupDetails"]["BackupStatus"], "DELETED")
        for what in (client().describe_backup, client().delete_backup):
            self.refused("BackupNotFoundException", what, f"Backup not found: {made['BackupArn']}",
                         BackupArn=made["BackupArn"])

    def test_one_outlives_its_table(self):
        table = self.table(items=3)
        arn = self.backup(table)
        client().delete_table(TableName=table)
        client().get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
        told = client().describe_backup(BackupArn=arn)["BackupDescription"]
        self.assertEqual(told["BackupDetails"]["BackupStatus"], "AVAILABLE")
        self.assertEqual([one["BackupArn"] for one in client().list_backups(TableName=table)["BackupSummaries"]],
                         [arn])

    def test_what_is_not_there_or_makes_no_sense_is_refused(self):
        table = self.table()
        for what, how in ((client().create_backup, dict(TableName="nowhere", BackupName="nightly")),
                          (client().describe_continuous_backups, dict(TableName="nowhere"))):
            self.refused("TableNotFoundException", what, "Table not found: nowhere", **how)
        for what in (client().describe_backup, client().delete_backup):
            self.refused("BackupNotFoundException", what, f"Backup not found: {NOWHERE}", BackupArn=NOWHERE)
            strange = NOWHERE.replace("-", "_")
            self.refused("BackupNotFoundException", what, f"Backup not found: {strange}", BackupArn=strange)
        theirs = NOWHERE.replace("000000000000", "123456789012")
        for what in (client().describe_backup, client().delete_backup):
            self.refused("AccessDeniedException", what, BackupArn=theirs)
        self.refused("ValidationException", client().create_backup, TableName=table, BackupName="no blanks")
        self.refused("ValidationException", client().list_backups, ExclusiveStartBackupArn="x" * 40)
        arn = self.backup(table)
        another = arn.replace(table, "nowhere")
        self.refused("BackupNotFoundException", client().describe_backup, f"Backup not found: {another}",
                     BackupArn=another)


class Lists(Story):
    def test_they_are_listed_in_pages_by_table_time_and_type(self):
        table, other = self.table(), self.table()
        arns = [self.backup(table, f"backup-{i}") for i in range(5)]
        beside = self.backup(other)
        found, more = [], {}
        while True:
            page = client().list_backups(TableName=table, Limit=2, **more)
            self.assertLessEqual(len(page["BackupSummaries"]), 2)
            found += page["BackupSummaries"]
            if "LastEvaluatedBackupArn" not in page:
                break
            more = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}
        self.assertEqual([one["BackupArn"] for one in found], arns)
        self.assertEqual({(one["TableName"], one["BackupType"], one["BackupStatus"]) for one in found},
                         {(table, "USER", "AVAILABLE")})
        everything = [one["BackupArn"] for one in client().list_backups()["BackupSummaries"]]
        self.assertLessEqual({*arns, beside}, set(everything))
        self.assertEqual(client().list_backups(TableName=table, BackupType="SYSTEM")["BackupSummaries"], [])
        self.assertEqual(len(client().list_backups(TableName=table, BackupType="ALL")["BackupSummaries"]), 5)
        later = found[-1]["BackupCreationDateTime"] + datetime.timedelta(seconds=2)
        self.assertEqual(client().list_backups(TableName=table, TimeRangeLowerBound=later)["BackupSummaries"], [])
        before = client().list_backups(TableName=table, TimeRangeUpperBound=later)["BackupSummaries"]
        self.assertEqual(len(before), 5)

        client().delete_backup(BackupArn=arns[1])
        rest = client().list_backups(TableName=table, ExclusiveStartBackupArn=arns[1])["BackupSummaries"]
        self.assertEqual([one["BackupArn"] for one in rest], arns[2:], "the place of one that is gone is still known")


class Recovery(Story):
    def told(self, table, node=0):
        return client(node).describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]

    def turn(self, table, on):
        return client().update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on}
        )["ContinuousBackupsDescription"]

    def test_it_is_turned_on_and_off(self):
        table = self.table()
        told = self.told(table)
        self.assertEqual(told["ContinuousBackupsStatus"], "ENABLED", "the cluster has an archive")
        self.assertEqual(told["PointInTimeRecoveryDescription"], {"PointInTimeRecoveryStatus": "DISABLED"})
        before = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(self.turn(table, True)["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
                         "ENABLED")
        told = self.told(table, node=1)["PointInTimeRecoveryDescription"]
        second = datetime.timedelta(seconds=1)
        self.assertGreaterEqual(told["EarliestRestorableDateTime"], before - second)
        self.assertGreaterEqual(told["LatestRestorableDateTime"], told["EarliestRestorableDateTime"] - second)

        again = self.turn(table, True)["PointInTimeRecoveryDescription"]
        self.assertEqual(again["EarliestRestorableDateTime"], told["EarliestRestorableDateTime"], "it went on")
        self.assertEqual(self.turn(table, False)["PointInTimeRecoveryDescription"],
                         {"PointInTimeRecoveryStatus": "DISABLED"})

    def test_of_a_table_that_is_not_there_it_is_refused(self):
        self.refused("TableNotFoundException", self.turn, "Table not found: nowhere", table="nowhere", on=True)


class Restores(Story):
    def wait_for(self, table):
        """Restored, with everything in it."""
        def look():
            told = client(node=1).describe_table(TableName=table)["Table"]
            return told if told["TableStatus"] == "ACTIVE" else None
        return within(120, f"{table} is restored", look)

    def items(self, table, **how):
        found, more = [], {}
        while True:
            page = client().scan(TableName=table, ConsistentRead=True, **how, **more)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return sorted(found, key=str)
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def test_a_table_comes_back_from_its_backup_also_when_it_is_gone(self):
        table, again, third = self.table(items=40), self.name(), self.name()
        before = self.items(table)
        arn = self.backup(table)
        client().put_item(TableName=table, Item={"id": {"S": "item-1"}, "n": {"N": "-1"}})
        client().delete_item(TableName=table, Key={"id": {"S": "item-2"}})

        told = client().restore_table_from_backup(TargetTableName=again, BackupArn=arn)["TableDescription"]
        self.assertEqual(told["TableStatus"], "CREATING")
        self.assertEqual(told["RestoreSummary"]["SourceBackupArn"], arn)
        told = self.wait_for(again)
        self.assertFalse(told["RestoreSummary"]["RestoreInProgress"])
        self.assertEqual(self.items(again), before)

        client().delete_table(TableName=table)
        client().get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
        client(node=2).restore_table_from_backup(TargetTableName=third, BackupArn=arn)
        self.wait_for(third)
        self.assertEqual(self.items(third), before)
        client().put_item(TableName=third, Item={"id": {"S": "item-1"}, "n": {"N": "-3"}})
        self.assertEqual(client().get_item(TableName=third, Key={"id": {"S": "item-1"}}, ConsistentRead=True)
                         ["Item"]["n"], {"N": "-3"}, "it is a table like any other")

    def test_a_backup_under_load_holds_what_was_there(self):
        """Every key counts up; a backup may hold any count between the last one that was acknowledged before it was
        asked for and the last one that was begun before it was answered."""
        table, again = self.table(), self.name()
        keys = [f"key-{i}" for i in range(4)]
        acknowledged, begun = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0)
        over = threading.Event()

        def count_up(key, node):
            api = client(node)
            while not over.is_set():
                begun[key] += 1
                api.put_item(TableName=table, Item={"id": {"S": key}, "n": {"N": str(begun[key])}})
                acknowledged[key] = begun[key]

        writers = [threading.Thread(target=count_up, args=(key, i % 3)) for i, key in enumerate(keys)]
        for one in writers:
            one.start()
        try:
            within(60, "every key has been written a few times", lambda: min(acknowledged.values()) > 20)
            least = dict(acknowledged)
            arn = client().create_backup(TableName=table, BackupName="loaded")["BackupDetails"]["BackupArn"]
            most = dict(begun)
            self.available(arn)
            client().restore_table_from_backup(TargetTableName=again, BackupArn=arn)
            self.wait_for(again)
            within(60, "the load goes on", lambda: all(acknowledged[key] > most[key] for key in keys))
        finally:
            over.set()
            for one in writers:
                one.join()
        found = {one["id"]["S"]: int(one["n"]["N"]) for one in self.items(again)}
        self.assertEqual(sorted(found), keys)
        for key in keys:
            self.assertTrue(least[key] <= found[key] <= most[key], (key, least[key], found[key], most[key]))

    def test_indexes_and_throughput_come_back_or_are_overridden(self):
        wish = dict(KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"},
                                          {"AttributeName": "seq", "AttributeType": "N"},
                                          {"AttributeName": "rank", "AttributeType": "N"}],
                    BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
                    LocalSecondaryIndexes=[{"IndexName": "by_rank", "Projection": {"ProjectionType": "ALL"},
                                            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"},
                                                          {"AttributeName": "rank", "KeyType": "RANGE"}]}])
        table, again, bare = self.table(**wish), self.name(), self.name()
        for i in range(20):
            client().put_item(TableName=table, Item={"id": {"S": "one"}, "seq": {"N": str(i)},
                                                     "rank": {"N": str(100 - i)}})
        arn = self.backup(table)
        client().restore_table_from_backup(TargetTableName=again, BackupArn=arn)
        client().restore_table_from_backup(TargetTableName=bare, BackupArn=arn, BillingModeOverride="PAY_PER_REQUEST",
                                           LocalSecondaryIndexOverride=[])
        told = self.wait_for(again)
        self.assertEqual(told["LocalSecondaryIndexes"][0]["IndexName"], "by_rank")
        self.assertEqual(told["ProvisionedThroughput"]["WriteCapacityUnits"], 6)
        ranks = [one["rank"]["N"] for one in client().query(
            TableName=again, IndexName="by_rank", ConsistentRead=True, KeyConditionExpression="id = :one",
            ExpressionAttributeValues={":one": {"S": "one"}})["Items"]]
        self.assertEqual(ranks, [str(n) for n in range(81, 101)])
        told = self.wait_for(bare)
        self.assertNotIn("LocalSecondaryIndexes", told)
        self.assertEqual(told["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        self.assertEqual(self.items(bare), self.items(table))
        self.refused("ValidationException", client().restore_table_from_backup, TargetTableName=self.name(),
                     BackupArn=arn,
                     LocalSecondaryIndexOverride=[{**wish["LocalSecondaryIndexes"][0], "IndexName": "another"}])

    def test_a_table_comes_back_as_of_a_second(self):
        table = self.table()
        client().update_continuous_backups(TableName=table,
                                           PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        seconds = {}
        for value in range(3):
            for i in range(10):
                client().put_item(TableName=table, Item={"id": {"S": f"item-{i}"}, "n": {"N": str(value)}})
            # A whole second that lies behind these writes and before the next, by the clock of all nodes.
            second = int(time.time()) + 1
            within(10, "a second goes by", lambda: time.time() > second + 0.2)
            seconds[value] = second
        client().delete_item(TableName=table, Key={"id": {"S": "item-3"}})
        names = {}
        for value, second in seconds.items():
            names[value] = self.name()
            at = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
            told = client().restore_table_to_point_in_time(SourceTableName=table, TargetTableName=names[value],
                                                           RestoreDateTime=at)["TableDescription"]
            self.assertEqual(told["RestoreSummary"]["RestoreDateTime"], at)
        latest = self.name()
        arn = client().describe_table(TableName=table)["Table"]["TableArn"]
        client().restore_table_to_point_in_time(SourceTableArn=arn, TargetTableName=latest,
                                                UseLatestRestorableTime=True)
        for value, name in names.items():
            self.wait_for(name)
            self.assertEqual([one["n"]["N"] for one in self.items(name)], [str(value)] * 10)
        self.wait_for(latest)
        self.assertEqual(self.items(latest), self.items(table))

    def test_what_cannot_be_restored_is_refused(self):
        table, again = self.table(items=1), self.name()
        arn = self.backup(table)
        from_backup, to_time = client().restore_table_from_backup, client().restore_table_to_point_in_time
        self.refused("TableAlreadyExistsException", from_backup, f"Table already exists: {table}",
                     TargetTableName=table, BackupArn=arn)
        self.refused("BackupNotFoundException", from_backup, f"Backup not found: {NOWHERE}", TargetTableName=again,
                     BackupArn=NOWHERE)
        latest = dict(TargetTableName=again, UseLatestRestorableTime=True)
        self.refused("TableNotFoundException", to_time, "Table not found: nowhere", SourceTableName="nowhere",
                     **latest)
        self.refused("PointInTimeRecoveryUnavailableException", to_time,
                     f"Point in time recovery is not enabled for table '{table}'", SourceTableName=table, **latest)
        client().update_continuous_backups(TableName=table,
                                           PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        now = datetime.datetime.now(datetime.timezone.utc)
        for when in (now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)):
            self.refused("InvalidRestoreTimeException", to_time, SourceTableName=table, TargetTableName=again,
                         RestoreDateTime=when)
        self.refused("ValidationException", to_time, SourceTableName=table, TargetTableName=again)
        self.refused("ValidationException", to_time, SourceTableName=table, RestoreDateTime=now, **latest)
        self.refused("TableAlreadyExistsException", to_time, f"Table already exists: {table}", SourceTableName=table,
                     TargetTableName=table, UseLatestRestorableTime=True)


class WithoutAnArchive(Story):
    def test_there_are_no_backups_and_that_is_said(self):
        bare = ThreeZones(TROUPE)
        try:
            api = client(of=bare)
            api.create_table(TableName="bare", BillingMode="PAY_PER_REQUEST",
                             KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                             AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
            api.get_waiter("table_exists").wait(TableName="bare", WaiterConfig={"Delay": 1})
            why = "Backups have not yet been enabled for this table: the cluster has no archive"
            self.refused("ContinuousBackupsUnavailableException", api.create_backup, why, TableName="bare",
                         BackupName="nightly")
            self.refused("ContinuousBackupsUnavailableException", api.update_continuous_backups, why, TableName="bare",
                         PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
            told = api.describe_continuous_backups(TableName="bare")["ContinuousBackupsDescription"]
            self.assertEqual(told["ContinuousBackupsStatus"], "DISABLED")
            self.assertEqual(api.list_backups()["BackupSummaries"], [])
        finally:
            bare.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # boto3 leaves its sockets to the collector
