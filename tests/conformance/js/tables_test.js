// Tables, and what is told of them.
"use strict";
const assert = require("node:assert/strict");
const { after, describe, test } = require("node:test");
const {
  CreateTableCommand, DeleteTableCommand, DescribeEndpointsCommand, DescribeLimitsCommand, DescribeTableCommand,
  ListTablesCommand, ListTagsOfResourceCommand, TagResourceCommand, UntagResourceCommand, UpdateTableCommand,
  paginateListTables, waitUntilTableExists, waitUntilTableNotExists,
} = require("@aws-sdk/client-dynamodb");
const { client, close, invalid, refused, table } = require("./cluster");

const db = client();
after(close);

const hash = [{ AttributeName: "id", KeyType: "HASH" }];
const defined = [{ AttributeName: "id", AttributeType: "S" }];
const described = async (TableName) => (await db.send(new DescribeTableCommand({ TableName }))).Table;
const waiting = { client: db, minDelay: 1, maxDelay: 1, maxWaitTime: 30 };
const active = (TableName) => waitUntilTableExists(waiting, { TableName });
const gone = (TableName) => waitUntilTableNotExists(waiting, { TableName });

describe("CreateTable", () => {
  test("answers with a table that is being created, which is active soon", async () => {
    const made = await db.send(new CreateTableCommand({
      TableName: "created", BillingMode: "PAY_PER_REQUEST", KeySchema: hash, AttributeDefinitions: defined,
    }));
    assert.equal(made.TableDescription.TableStatus, "CREATING");
    await refused("ResourceInUseException", "Table already exists: created", db.send(new CreateTableCommand({
      TableName: "created", BillingMode: "PAY_PER_REQUEST", KeySchema: hash, AttributeDefinitions: defined,
    })));
  });

  test("keeps what the table shall be, and DescribeTable tells it", async () => {
    const name = await table({ artist: "S", year: "N" }, {
      BillingMode: "PROVISIONED", ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
      TableClass: "STANDARD_INFREQUENT_ACCESS", DeletionProtectionEnabled: false,
      SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: "alias/mine" },
    });
    const is = await described(name);
    assert.equal(is.TableName, name);
    assert.equal(is.TableStatus, "ACTIVE");
    assert.deepEqual(is.KeySchema, [{ AttributeName: "artist", KeyType: "HASH" }, { AttributeName: "year", KeyType: "RANGE" }]);
    assert.deepEqual(is.AttributeDefinitions.map((one) => `${one.AttributeName}:${one.AttributeType}`).sort(),
                     ["artist:S", "year:N"]);
    assert.equal(is.ProvisionedThroughput.ReadCapacityUnits, 5);
    assert.equal(is.ProvisionedThroughput.WriteCapacityUnits, 6);
    assert.equal(is.TableClassSummary.TableClass, "STANDARD_INFREQUENT_ACCESS");
    assert.equal(is.SSEDescription.Status, "ENABLED");
    assert.equal(is.DeletionProtectionEnabled, false);
    assert.ok(is.CreationDateTime instanceof Date);
    assert.match(is.TableArn, new RegExp(`^arn:aws:dynamodb:[^:]+:[0-9]{12}:table/${name}$`));
    assert.match(is.TableId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  const create = (parts) => db.send(new CreateTableCommand({
    TableName: "never-made", BillingMode: "PAY_PER_REQUEST", KeySchema: hash, AttributeDefinitions: defined, ...parts,
  }));

  test("names must be from 3 to 255 characters of few kinds", async () => {
    for (const TableName of ["ab", "a".repeat(256)])
      await invalid("TableName must be at least 3 characters long and at most 255 characters long", create({ TableName }));
    await invalid("1 validation error detected: Value 'a b c' at 'tableName' failed to satisfy constraint: Member must " +
                  "satisfy regular expression pattern: [a-zA-Z0-9_.-]+", create({ TableName: "a b c" }));
  });

  test("keys and definitions must fit each other", async () => {
    await invalid("One or more parameter values were invalid: Some index key attributes are not defined in " +
                  "AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]",
                  create({ KeySchema: [{ AttributeName: "other", KeyType: "HASH" }] }));
    await invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
                  create({ KeySchema: [{ AttributeName: "id", KeyType: "RANGE" }] }));
    await invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match " +
                  "number of attributes defined in AttributeDefinitions",
                  create({ AttributeDefinitions: [...defined, { AttributeName: "more", AttributeType: "N" }] }));
    await invalid("1 validation error detected: Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to " +
                  "satisfy constraint: Member must satisfy enum value set: [B, N, S]",
                  create({ AttributeDefinitions: [{ AttributeName: "id", AttributeType: "BOOL" }] }));
  });

  test("throughput belongs to provisioned tables, and to all of them", async () => {
    const units = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
    await invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be " +
                  "specified when BillingMode is PAY_PER_REQUEST", create({ ProvisionedThroughput: units }));
    await invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be " +
                  "specified when BillingMode is PROVISIONED", create({ BillingMode: "PROVISIONED" }));
    await invalid("2 validation errors detected: Value '0' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy " +
                  "constraint: Member must have value greater than or equal to 1; Value '0' at " +
                  "'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must have value greater " +
                  "than or equal to 1",
                  create({ BillingMode: "PROVISIONED",
                           ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 } }));
  });

  test("what is not done is refused by its name and makes no table", async () => {
    await invalid("StreamSpecification is not supported by this version of Troupe",
                  create({ StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } }));
    await refused("ResourceNotFoundException", "Requested resource not found: Table: never-made not found",
                  described("never-made"));
  });
});

describe("UpdateTable", () => {
  test("changes throughput, billing, class and protection, and tells them", async () => {
    const name = await table({ id: "S" });
    const update = (parts) => db.send(new UpdateTableCommand({ TableName: name, ...parts }));
    const said = await update({
      BillingMode: "PROVISIONED", ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
    });
    assert.equal(said.TableDescription.TableStatus, "UPDATING");
    await active(name);
    assert.equal((await described(name)).ProvisionedThroughput.WriteCapacityUnits, 4);
    await invalid("The provisioned throughput for the table will not change. The requested value equals the current value. " +
                  "Current ReadCapacityUnits provisioned for the table: 3. Requested ReadCapacityUnits: 3. Current " +
                  "WriteCapacityUnits provisioned for the table: 4. Requested WriteCapacityUnits: 4. Refer to the Amazon " +
                  "DynamoDB Developer Guide for current limits and how to request higher limits.",
                  update({ ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 } }));
    await update({ TableClass: "STANDARD_INFREQUENT_ACCESS" });
    await active(name);
    assert.equal((await described(name)).TableClassSummary.TableClass, "STANDARD_INFREQUENT_ACCESS");
    await update({ BillingMode: "PAY_PER_REQUEST" });
    await active(name);
    assert.equal((await described(name)).BillingModeSummary.BillingMode, "PAY_PER_REQUEST");
  });

  test("wants something to change, and a table to change it of", async () => {
    const name = await table({ id: "S" });
    await invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or " +
                  "SSESpecification or ReplicaUpdates is required", db.send(new UpdateTableCommand({ TableName: name })));
    await refused("ResourceNotFoundException", "Requested resource not found: Table: no-such-table not found",
                  db.send(new UpdateTableCommand({ TableName: "no-such-table", DeletionProtectionEnabled: true })));
  });
});

describe("DeleteTable", () => {
  test("answers with a table that is being deleted, which is gone soon, with its items", async () => {
    const name = await table({ id: "S" });
    const said = await db.send(new DeleteTableCommand({ TableName: name }));
    assert.equal(said.TableDescription.TableStatus, "DELETING");
    await gone(name);
    await refused("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`,
                  db.send(new DeleteTableCommand({ TableName: name })));
  });

  test("is refused while the table is protected", async () => {
    const name = await table({ id: "S" }, { DeletionProtectionEnabled: true });
    await invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection " +
                  "first.", db.send(new DeleteTableCommand({ TableName: name })));
    await db.send(new UpdateTableCommand({ TableName: name, DeletionProtectionEnabled: false }));
    await db.send(new DeleteTableCommand({ TableName: name }));
    await gone(name);
  });
});

describe("ListTables", () => {
  test("pages follow each other in the order of the names", async () => {
    const names = ["zz-list-c", "zz-list-a", "zz-list-b"];
    for (const name of names) await table({ id: "S" }, { name });
    const first = await db.send(new ListTablesCommand({ ExclusiveStartTableName: "zz-list", Limit: 2 }));
    assert.deepEqual(first.TableNames, ["zz-list-a", "zz-list-b"]);
    assert.equal(first.LastEvaluatedTableName, "zz-list-b");
    const listed = [];
    for await (const page of paginateListTables({ client: db, pageSize: 1 }, {})) listed.push(...page.TableNames);
    assert.deepEqual(listed.filter((name) => name.startsWith("zz-list-")), [...names].sort());
    assert.deepEqual(listed, [...listed].sort());
  });

  test("a page has from 1 to 100 names", async () => {
    await invalid("1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value " +
                  "greater than or equal to 1", db.send(new ListTablesCommand({ Limit: 0 })));
    await invalid("1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value " +
                  "less than or equal to 100", db.send(new ListTablesCommand({ Limit: 101 })));
  });
});

describe("Tags", () => {
  test("are put, told ten at a time, and taken away", async () => {
    const name = await table({ id: "S" }, { Tags: [{ Key: "made", Value: "with it" }] });
    const ResourceArn = (await described(name)).TableArn;
    const Tags = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i + 10}`, Value: `v${i}` }));
    await db.send(new TagResourceCommand({ ResourceArn, Tags }));
    const first = await db.send(new ListTagsOfResourceCommand({ ResourceArn }));
    assert.equal(first.Tags.length, 10);
    const rest = await db.send(new ListTagsOfResourceCommand({ ResourceArn, NextToken: first.NextToken }));
    assert.deepEqual([...first.Tags, ...rest.Tags].sort((a, b) => (a.Key < b.Key ? -1 : 1)),
                     [...Tags, { Key: "made", Value: "with it" }]);
    assert.equal(rest.NextToken, undefined);
    await db.send(new UntagResourceCommand({ ResourceArn, TagKeys: Tags.map((one) => one.Key) }));
    assert.deepEqual((await db.send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags, [{ Key: "made", Value: "with it" }]);
  });

  test("belong to tables that are there", async () => {
    const ResourceArn = "arn:aws:dynamodb:eu-central-1:000000000000:table/no-such-table";
    const text = `Requested resource not found: ResourcArn: ${ResourceArn} not found`;
    for (const asked of [new TagResourceCommand({ ResourceArn, Tags: [{ Key: "a", Value: "b" }] }),
                         new UntagResourceCommand({ ResourceArn, TagKeys: ["a"] }),
                         new ListTagsOfResourceCommand({ ResourceArn })])
      await refused("ResourceNotFoundException", text, db.send(asked));
  });

  test("need an ARN of a table", async () => {
    await refused("AccessDeniedException", "User: is not authorized to perform: dynamodb:TagResource on resource: nonsense",
                  db.send(new TagResourceCommand({ ResourceArn: "nonsense", Tags: [] })));
    const other = "arn:aws:dynamodb:eu-central-1:000000000000:stream/x";
    await invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${other}`,
                  db.send(new ListTagsOfResourceCommand({ ResourceArn: other })));
  });
});

test("DescribeLimits and DescribeEndpoints answer what programs look for", async () => {
  assert.ok((await db.send(new DescribeLimitsCommand({}))).TableMaxReadCapacityUnits > 0);
  const { Endpoints } = await db.send(new DescribeEndpointsCommand({}));
  assert.match(Endpoints[0].Address, /^127\.0\.0\.1:\d+$/);
});
