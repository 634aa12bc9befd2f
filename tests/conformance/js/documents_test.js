// The document client: items as JavaScript's own values.
"use strict";
const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, GetCommand, NumberValue, PutCommand, QueryCommand, ScanCommand,
  UpdateCommand, paginateQuery, paginateScan,
} = require("@aws-sdk/lib-dynamodb");
const { close, documents, refused, table } = require("./cluster");

const db = documents();
let name, plays;
before(async () => {
  name = await table({ id: "S" });
  plays = await table({ who: "S", at: "N" });
});
after(close);

const get = async (id, client = db) =>
  (await client.send(new GetCommand({ TableName: name, Key: { id }, ConsistentRead: true }))).Item;
const put = (Item, more, client = db) => client.send(new PutCommand({ TableName: name, Item, ...more }));

test("values of all types come back as they were", async () => {
  const item = {
    id: "types", number: -1.25e-7, yes: true, nothing: null, list: [1, "two", { three: [] }], map: { deep: { deeper: [false] } },
    bytes: new Uint8Array([0, 255, 7]), strings: new Set(["a", "b"]), numbers: new Set([1, 2.5]),
    binaries: new Set([new Uint8Array([1]), new Uint8Array([2])]), "name with spaces.and.dots": "ü 😀", empty: "",
  };
  await put(item);
  assert.deepEqual(await get("types"), item);
});

test("numbers of 38 digits keep all of them", async () => {
  const exact = documents({ translate: { unmarshallOptions: { wrapNumbers: true } } });
  for (const digits of ["12345678901234567890123456789012345678", "-0.00000000000000000000000000000000000001",
                        "9.9999999999999999999999999999999999999E+125"]) {
    await put({ id: "digits", n: NumberValue.from(digits) }, {}, exact);
    const got = (await get("digits", exact)).n;
    assert.ok(got instanceof NumberValue);
    assert.equal(Number(got.toString()), Number(digits));
    assert.equal(got.toString().replace(/E.*|[-.]|^0*/g, "").replace(/^0+|0+$/g, ""),
                 digits.replace(/E.*|[-.]/g, "").replace(/^0+|0+$/g, ""));
  }
});

describe("Single items", () => {
  test("are put, changed under conditions, and deleted", async () => {
    await put({ id: "one", n: 1 }, { ConditionExpression: "attribute_not_exists(id)" });
    const changed = await db.send(new UpdateCommand({
      TableName: name, Key: { id: "one" }, ReturnValues: "ALL_NEW", ConditionExpression: "n < :ten",
      UpdateExpression: "SET #l = list_append(if_not_exists(#l, :none), :more) ADD n :ten",
      ExpressionAttributeNames: { "#l": "list" }, ExpressionAttributeValues: { ":none": [], ":more": ["x"], ":ten": 10 },
    }));
    assert.deepEqual(changed.Attributes, { id: "one", n: 11, list: ["x"] });
    const said = await refused("ConditionalCheckFailedException", "The conditional request failed", db.send(new DeleteCommand({
      TableName: name, Key: { id: "one" }, ConditionExpression: "n = :one", ExpressionAttributeValues: { ":one": 1 },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    })));
    // The SDK translates answers, and leaves errors as they come.
    assert.deepEqual(said.Item, { id: { S: "one" }, n: { N: "11" }, list: { L: [{ S: "x" }] } });
    const gone = await db.send(new DeleteCommand({ TableName: name, Key: { id: "one" }, ReturnValues: "ALL_OLD" }));
    assert.deepEqual(gone.Attributes, { id: "one", n: 11, list: ["x"] });
    assert.equal(await get("one"), undefined);
  });
});

describe("Many items", () => {
  before(async () => {
    const requests = Array.from({ length: 75 }, (_, i) => ({ PutRequest: { Item: { who: i % 3 === 0 ? "a" : "b", at: i } } }));
    for (let i = 0; i < requests.length; i += 25)
      assert.deepEqual((await db.send(new BatchWriteCommand({ RequestItems: { [plays]: requests.slice(i, i + 25) } })))
        .UnprocessedItems, {});
  });

  const of = (who) => ({ TableName: plays, ConsistentRead: true, KeyConditionExpression: "who = :who",
                         ExpressionAttributeValues: { ":who": who } });

  test("are queried in order, page by page", async () => {
    const seen = [];
    for await (const page of paginateQuery({ client: db, pageSize: 10 }, of("a"))) seen.push(...page.Items);
    assert.deepEqual(seen.map((one) => one.at), Array.from({ length: 25 }, (_, i) => 3 * i));
    const last = await db.send(new QueryCommand({ ...of("a"), ScanIndexForward: false, Limit: 1 }));
    assert.deepEqual(last.Items, [{ who: "a", at: 72 }]);
    assert.deepEqual(last.LastEvaluatedKey, { who: "a", at: 72 });
    const next = await db.send(new QueryCommand({ ...of("a"), ScanIndexForward: false, Limit: 1,
                                                  ExclusiveStartKey: last.LastEvaluatedKey }));
    assert.deepEqual(next.Items, [{ who: "a", at: 69 }]);
  });

  test("are scanned, in segments and with filters", async () => {
    const seen = [];
    for (const Segment of [0, 1])
      for await (const page of paginateScan({ client: db, pageSize: 9 },
                                            { TableName: plays, Segment, TotalSegments: 2, ConsistentRead: true }))
        seen.push(...page.Items.map((one) => one.at));
    assert.deepEqual(seen.sort((x, y) => x - y), [...Array(75).keys()]);
    const some = await db.send(new ScanCommand({ TableName: plays, ConsistentRead: true, FilterExpression: "#at IN (:1, :4)",
      ExpressionAttributeNames: { "#at": "at" }, ExpressionAttributeValues: { ":1": 1, ":4": 4 } }));
    assert.deepEqual([some.Items.length, some.Count, some.ScannedCount], [2, 2, 75]);
  });

  test("are got by their keys, and deleted together", async () => {
    const Keys = [{ who: "a", at: 0 }, { who: "b", at: 1 }, { who: "b", at: 0 }];
    const got = await db.send(new BatchGetCommand({ RequestItems: { [plays]: { Keys, ConsistentRead: true } } }));
    assert.deepEqual(got.Responses[plays].sort((x, y) => x.at - y.at), Keys.slice(0, 2));
    await db.send(new BatchWriteCommand({ RequestItems: { [plays]: Keys.map((Key) => ({ DeleteRequest: { Key } })) } }));
    const then = await db.send(new BatchGetCommand({ RequestItems: { [plays]: { Keys, ConsistentRead: true } } }));
    assert.deepEqual(then.Responses[plays], []);
  });
});
