// GetItem, Query and Scan.
"use strict";
const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const {
  BatchWriteItemCommand, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, paginateQuery, paginateScan,
} = require("@aws-sdk/client-dynamodb");
const { client, close, invalid, refused, table } = require("./cluster");

const db = client({ node: 1 });
let plays; // two people's, twenty each
before(async () => {
  plays = await table({ who: "S", seq: "N" });
  for (const who of ["a", "b"])
    await db.send(new BatchWriteItemCommand({ RequestItems: { [plays]: Array.from({ length: 20 }, (_, i) => ({
      PutRequest: { Item: { who: { S: who }, seq: { N: String(i) }, even: { BOOL: i % 2 === 0 }, text: { S: "x".repeat(1000) } } },
    })) } }));
});
after(close);

const of = (who, more) => ({ TableName: plays, KeyConditionExpression: "who = :who", ConsistentRead: true,
                             ExpressionAttributeValues: { ":who": { S: who } }, ...more });
const query = (parts) => db.send(new QueryCommand({ TableName: plays, ConsistentRead: true, ...parts }));
const scan = (parts) => db.send(new ScanCommand({ TableName: plays, ConsistentRead: true, ...parts }));
const numbers = (items) => items.map((one) => Number(one.seq.N));
const wrong = "One or more parameter values were invalid: ";

describe("GetItem", () => {
  const get = (parts) => db.send(new GetItemCommand({ TableName: plays, Key: { who: { S: "a" }, seq: { N: "3" } }, ...parts }));

  test("reads what was just written when asked to be consistent", async () => {
    const Key = { who: { S: "fresh" }, seq: { N: "1" } };
    for (let i = 0; i < 20; ++i) {
      await client({ node: 2 }).send(new PutItemCommand({ TableName: plays, Item: { ...Key, v: { N: String(i) } } }));
      assert.equal((await get({ Key, ConsistentRead: true })).Item.v.N, String(i));
    }
  });

  test("costs half a unit for each 4 KB, and a whole one when consistent", async () => {
    const cost = async (parts) => (await get({ ReturnConsumedCapacity: "TOTAL", ...parts })).ConsumedCapacity.CapacityUnits;
    assert.equal(await cost({}), 0.5);
    assert.equal(await cost({ ConsistentRead: true }), 1);
  });

  test("has no Item when there is none", async () => {
    assert.equal((await get({ Key: { who: { S: "nobody" }, seq: { N: "1.5" } }, ConsistentRead: true })).Item, undefined);
  });

  test("returns the parts that a projection names, in whichever way", async () => {
    const parts = { seq: { N: "3" }, even: { BOOL: false } };
    assert.deepEqual((await get({ ConsistentRead: true, ProjectionExpression: "#s, even",
                                  ExpressionAttributeNames: { "#s": "seq" } })).Item, parts);
    assert.deepEqual((await get({ ConsistentRead: true, AttributesToGet: ["seq", "even", "nothing"] })).Item, parts);
  });

  test("wants the whole key, and parameters that go together", async () => {
    await invalid("The provided key element does not match the schema", get({ Key: { who: { S: "a" } } }));
    await invalid("The provided key element does not match the schema", get({ Key: { who: { S: "a" }, seq: { S: "3" } } }));
    await invalid("Can not use both expression and non-expression parameters in the same request: Non-expression " +
                  "parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
                  get({ AttributesToGet: ["a"], ProjectionExpression: "a" }));
    await invalid(wrong + "Duplicate value in attribute name: a", get({ AttributesToGet: ["a", "a"] }));
    await refused("ResourceNotFoundException", "Requested resource not found", get({ TableName: "no-such-table" }));
  });
});

describe("Query", () => {
  test("walks one collection in the order of its numbers, either way", async () => {
    const between = { KeyConditionExpression: "who = :who AND seq BETWEEN :x AND :y",
                      ExpressionAttributeValues: { ":who": { S: "a" }, ":x": { N: "8" }, ":y": { N: "11" } } };
    assert.deepEqual(numbers((await query(between)).Items), [8, 9, 10, 11]);
    assert.deepEqual(numbers((await query({ ...between, ScanIndexForward: false })).Items), [11, 10, 9, 8]);
  });

  test("every comparison of sort keys", async () => {
    const at = async (tail, x) => numbers((await query({ KeyConditionExpression: `who = :who AND ${tail}`,
      ExpressionAttributeValues: { ":who": { S: "a" }, ":x": { N: x } } })).Items);
    assert.deepEqual(await at("seq = :x", "7.0"), [7]);
    assert.deepEqual(await at("seq < :x", "2"), [0, 1]);
    assert.deepEqual(await at("seq <= :x", "2"), [0, 1, 2]);
    assert.deepEqual(await at("seq > :x", "17"), [18, 19]);
    assert.deepEqual(await at("seq >= :x", "17.5"), [18, 19]);
  });

  test("pages follow each other to the end, and the last has no key", async () => {
    const pages = [];
    for await (const page of paginateQuery({ client: db, pageSize: 8 }, of("a"))) pages.push(page);
    assert.deepEqual(pages.map((page) => page.Count), [8, 8, 4]);
    assert.deepEqual(pages.flatMap((page) => numbers(page.Items)), [...Array(20).keys()]);
    assert.deepEqual(pages[0].LastEvaluatedKey, { who: { S: "a" }, seq: { N: "7" } });
    assert.equal(pages[2].LastEvaluatedKey, undefined);
  });

  test("a page that its limit ends has a key, also with the last item there is, and an empty page behind it", async () => {
    const pages = [];
    for await (const page of paginateQuery({ client: db, pageSize: 10 }, of("a"))) pages.push(page);
    assert.deepEqual(pages.map((page) => page.Count), [10, 10, 0]);
    assert.deepEqual(pages[1].LastEvaluatedKey, { who: { S: "a" }, seq: { N: "19" } });
    const all = await scan({});
    assert.equal(all.LastEvaluatedKey, undefined);
    const last = await scan({ Limit: all.Count });
    assert.equal(last.Count, all.Count);
    const behind = await scan({ ExclusiveStartKey: last.LastEvaluatedKey });
    assert.deepEqual([behind.Count, behind.LastEvaluatedKey], [0, undefined]);
  });

  test("a limit counts before the filter does", async () => {
    const said = await query(of("a", { Limit: 5, FilterExpression: "even = :yes", ProjectionExpression: "seq",
      ExpressionAttributeValues: { ":who": { S: "a" }, ":yes": { BOOL: true } } }));
    assert.deepEqual(said.Items, [{ seq: { N: "0" } }, { seq: { N: "2" } }, { seq: { N: "4" } }]);
    assert.deepEqual([said.Count, said.ScannedCount], [3, 5]);
  });

  test("a page ends at one megabyte", async () => {
    const big = await table({ id: "S", seq: "N" });
    for (let i = 0; i < 4; ++i)
      await db.send(new PutItemCommand({ TableName: big, Item: { id: { S: "a" }, seq: { N: String(i) },
                                                                 v: { S: "x".repeat(400_000) } } }));
    const counts = [];
    for await (const page of paginateQuery({ client: db }, { TableName: big, ConsistentRead: true,
      KeyConditionExpression: "id = :a", ExpressionAttributeValues: { ":a": { S: "a" } } })) counts.push(page.Count);
    assert.deepEqual(counts, [3, 1]);
  });

  test("counts without the items", async () => {
    const said = await query(of("b", { Select: "COUNT" }));
    assert.deepEqual([said.Items, said.Count], [undefined, 20]);
  });

  test("the old way to say it means the same", async () => {
    const said = await query({ KeyConditions: {
      who: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "a" }] },
      seq: { ComparisonOperator: "LT", AttributeValueList: [{ N: "6" }] },
    }, QueryFilter: { even: { ComparisonOperator: "EQ", AttributeValueList: [{ BOOL: false }] } }, AttributesToGet: ["seq"] });
    assert.deepEqual(numbers(said.Items), [1, 3, 5]);
  });

  test("that cannot be says why", async () => {
    const keys = (KeyConditionExpression, values) =>
      query({ KeyConditionExpression, ExpressionAttributeValues: values && { ":v": values } });
    await invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.", query({}));
    await invalid("Query condition missed key schema element: who", keys("seq = :v", { N: "1" }));
    await invalid("Query key condition not supported", keys("who > :v", { S: "a" }));
    await invalid(wrong + "Condition parameter type does not match schema type", keys("who = :v", { N: "1" }));
    await invalid(wrong + "ComparisonOperator EQ is not valid for BOOL AttributeValue type", keys("who = :v", { BOOL: true }));
    await invalid("Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; " +
                  "attribute value: :v", keys("who = :v", undefined));
    await invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: seq",
                  query(of("a", { FilterExpression: "seq > :who" })));
    await invalid("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
                  query(of("a", { ProjectionExpression: "seq", Select: "ALL_ATTRIBUTES" })));
    await invalid("1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value " +
                  "greater than or equal to 1", query(of("a", { Limit: 0 })));
    await invalid("The provided starting key is invalid", query(of("a", { ExclusiveStartKey: { who: { S: "a" } } })));
    await invalid("The table does not have the specified index: nope", query(of("a", { IndexName: "nope" })));
    await refused("ResourceNotFoundException", "Requested resource not found", query(of("a", { TableName: "no-such-table" })));
  });
});

describe("Scan", () => {
  test("segments are the whole table together, and share nothing", async () => {
    const seen = [];
    for (const Segment of [0, 1, 2, 3])
      for await (const page of paginateScan({ client: db, pageSize: 7 },
                                            { TableName: plays, Segment, TotalSegments: 4, ConsistentRead: true }))
        seen.push(...page.Items.map((one) => `${one.who.S}/${one.seq.N}`));
    const whole = await scan({});
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(seen.sort(), whole.Items.map((one) => `${one.who.S}/${one.seq.N}`).sort());
  });

  test("filters after it has read, and counts both", async () => {
    const said = await scan({ FilterExpression: "seq < :three AND who IN (:b)",
                              ExpressionAttributeValues: { ":three": { N: "3" }, ":b": { S: "b" } } });
    assert.equal(said.Count, 3);
    assert.ok(said.ScannedCount >= 40);
    const old = await scan({ ScanFilter: { seq: { ComparisonOperator: "LT", AttributeValueList: [{ N: "3" }] },
                                           who: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "b" }] } } });
    assert.equal(old.Count, 3);
  });

  test("that cannot be says why", async () => {
    await invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is " +
                  "present", scan({ Segment: 1 }));
    await invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less " +
                  "than TotalSegments: 2", scan({ Segment: 2, TotalSegments: 2 }));
    await invalid('Invalid FilterExpression: Syntax error; token: "AND", near: "AND AND c"',
                  scan({ FilterExpression: "a = b AND AND c = d" }));
    await invalid("Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of " +
                  "these paths; path one: [a], path two: [a, b]", scan({ ProjectionExpression: "a, a.b" }));
    await invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: who",
                  scan({ FilterExpression: "attribute_exists(who.x)" }));
    await refused("ResourceNotFoundException", "Requested resource not found", scan({ TableName: "no-such-table" }));
  });
});
