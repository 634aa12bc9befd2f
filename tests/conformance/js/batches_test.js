// BatchGetItem and BatchWriteItem.
"use strict";
const assert = require("node:assert/strict");
const { after, describe, test } = require("node:test");
const { BatchGetItemCommand, BatchWriteItemCommand } = require("@aws-sdk/client-dynamodb");
const { client, close, invalid, refused, table } = require("./cluster");

const db = client({ node: 2 });
after(close);

const write = (RequestItems, more) => db.send(new BatchWriteItemCommand({ RequestItems, ...more }));
const get = (RequestItems, more) => db.send(new BatchGetItemCommand({ RequestItems, ...more }));
const put = (Item) => ({ PutRequest: { Item } });
const remove = (Key) => ({ DeleteRequest: { Key } });
const key = (id) => ({ id: { S: id } });
const ids = (items) => items.map((one) => one.id.S).sort();
const keys = (count, from = 0) => Array.from({ length: count }, (_, i) => key(`k${i + from}`));

describe("BatchWriteItem", () => {
  test("puts and deletes in several tables at once", async () => {
    const [one, other] = [await table({ id: "S" }), await table({ id: "S", seq: "N" })];
    await write({ [one]: keys(20).map(put), [other]: [put({ ...key("x"), seq: { N: "1" } })] });
    const said = await write({ [one]: [remove(key("k0")), put({ ...key("k1"), v: { N: "1" } })] },
                             { ReturnConsumedCapacity: "TOTAL" });
    assert.deepEqual(said.UnprocessedItems, {});
    assert.deepEqual(said.ConsumedCapacity, [{ TableName: one, CapacityUnits: 2 }]);
    const got = await get({ [one]: { Keys: keys(20), ConsistentRead: true },
                            [other]: { Keys: [{ ...key("x"), seq: { N: "1" } }], ConsistentRead: true } });
    assert.deepEqual(ids(got.Responses[one]), ids(keys(19, 1)));
    assert.deepEqual(got.Responses[other], [{ ...key("x"), seq: { N: "1" } }]);
  });

  test("is refused whole, with nothing written, when one request of it is wrong", async () => {
    const name = await table({ id: "S" });
    await invalid("Provided list of item keys contains duplicates", write({ [name]: [put(key("a")), remove(key("a"))] }));
    await invalid("Too many items requested for the BatchWriteItem call",
                  write({ [name]: keys(20).map(put), "no-such-table": keys(6).map(put) }));
    for (const Item of [{ v: { N: "1" } }, { id: { N: "1" } }])
      await invalid("The provided key element does not match the schema", write({ [name]: [put(key("a")), put(Item)] }));
    await invalid("The provided key element does not match the schema",
                  write({ [name]: [put(key("a")), remove({ id: { N: "1" } })] }));
    await invalid("Item size has exceeded the maximum allowed size",
                  write({ [name]: [put(key("a")), put({ ...key("b"), v: { S: "x".repeat(400 * 1024) } })] }));
    await refused("ResourceNotFoundException", "Requested resource not found",
                  write({ [name]: [put(key("a"))], "no-such-table": [put(key("a"))] }));
    assert.deepEqual((await get({ [name]: { Keys: [key("a")], ConsistentRead: true } })).Responses[name], []);
  });

  test("has from 1 to 25 requests", async () => {
    const shown = "{none=[com.amazonaws.dynamodb.v20120810.WriteRequest]}";
    const bounds = `1 validation error detected: Value '${shown}' at 'requestItems' failed to satisfy constraint: Map value ` +
      "must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or " +
      "equal to 1]";
    await invalid(bounds, write({ none: keys(26).map(put) }));
    await invalid(bounds, write({ none: [] }));
    await invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have " +
                  "length greater than or equal to 1", write({}));
  });
});

describe("BatchGetItem", () => {
  test("reads from several tables, each in its own way, and passes over what is not there", async () => {
    const name = await table({ id: "S" });
    await write({ [name]: [put({ ...key("a"), v: { N: "1" }, w: { N: "2" } })] });
    const got = await get({ [name]: { Keys: [key("a"), key("b")], ConsistentRead: true, ProjectionExpression: "#v",
                                      ExpressionAttributeNames: { "#v": "v" } } }, { ReturnConsumedCapacity: "TOTAL" });
    assert.deepEqual(got.Responses, { [name]: [{ v: { N: "1" } }] });
    assert.deepEqual(got.UnprocessedKeys, {});
    assert.deepEqual(got.ConsumedCapacity, [{ TableName: name, CapacityUnits: 2 }]);
    const old = await get({ [name]: { Keys: [key("a")], ConsistentRead: true, AttributesToGet: ["w"] } });
    assert.deepEqual(old.Responses, { [name]: [{ w: { N: "2" } }] });
  });

  test("answers with 16 MB of items, and hands back the keys of the rest to be asked again", async () => {
    const name = await table({ id: "S" });
    const filled = (id, bytes) => ({ ...key(id), v: { S: "x".repeat(bytes - "idv".length - id.length) } });
    const full = 400 * 1024;
    const whole = Array.from({ length: 40 }, (_, i) => filled(`k${i + 10}`, full));
    const rest = filled("last", 16 * 1024 * 1024 - 40 * full);
    for (let i = 0; i < whole.length; i += 20) await write({ [name]: whole.slice(i, i + 20).map(put) });
    await write({ [name]: [put(rest)] });
    const Keys = [...whole, rest].map((one) => key(one.id.S));
    const exactly = await get({ [name]: { Keys, ConsistentRead: true } });
    assert.equal(exactly.Responses[name].length, 41);
    assert.deepEqual(exactly.UnprocessedKeys, {});

    await write({ [name]: [put({ ...rest, w: { S: "" } })] }); // one byte more
    const about = { ConsistentRead: true, ProjectionExpression: "#i", ExpressionAttributeNames: { "#i": "id" } };
    const over = await get({ [name]: { Keys, ...about } });
    assert.equal(over.Responses[name].length, 40);
    const { Keys: left, ...same } = over.UnprocessedKeys[name];
    assert.deepEqual(same, about);
    assert.equal(left.length, 1);
    const then = await get(over.UnprocessedKeys);
    assert.deepEqual(ids([...over.Responses[name], ...then.Responses[name]]), ids(Keys));
    assert.deepEqual(then.UnprocessedKeys, {});
  });

  test("is refused whole when one key of it is wrong", async () => {
    const name = await table({ id: "S" });
    await invalid("Provided list of item keys contains duplicates", get({ [name]: { Keys: [key("a"), key("a")] } }));
    await invalid("The provided key element does not match the schema",
                  get({ [name]: { Keys: [key("a"), { id: { N: "1" } }] } }));
    await refused("ResourceNotFoundException", "Requested resource not found",
                  get({ [name]: { Keys: [key("a")] }, "no-such-table": { Keys: [key("a")] } }));
  });

  test("has from 1 to 100 keys", async () => {
    await invalid("Too many items requested for the BatchGetItem call",
                  get({ "one-table": { Keys: keys(60) }, "other-table": { Keys: keys(41) } }));
    await invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have " +
                  "length greater than or equal to 1", get({}));
  });
});
