// What a node that is asked for more at once than it takes says, and what programs do about it. This cluster's routers take
// four requests at once.
"use strict";
const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { BatchGetItemCommand, BatchWriteItemCommand, GetItemCommand, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { client, close, table } = require("./cluster");

const db = client();
let name;
before(async () => { name = await table({ id: "S" }); });
after(close);

const keys = (count) => Array.from({ length: count }, (_, i) => ({ id: { S: `k${i}` } }));
const rounds = 100; // a bound on how often a batch is sent again

test("a BatchWriteItem does a part, hands back the rest as UnprocessedItems, and is done when these are sent again",
     async () => {
  let left = { [name]: keys(25).map((Item) => ({ PutRequest: { Item } })) };
  const said = await db.send(new BatchWriteItemCommand({ RequestItems: left }));
  assert.ok(said.UnprocessedItems[name].length > 0);
  assert.ok(said.UnprocessedItems[name].length < 25);
  left = said.UnprocessedItems;
  for (let i = 0; Object.keys(left).length > 0; ++i) {
    assert.ok(i < rounds);
    left = (await db.send(new BatchWriteItemCommand({ RequestItems: left }))).UnprocessedItems;
  }
  for (const Key of keys(25))
    assert.deepEqual((await db.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true }))).Item, Key);
});

test("a BatchGetItem does a part, hands back the rest as UnprocessedKeys, and is done when these are asked again", async () => {
  const got = [];
  const first = await db.send(new BatchGetItemCommand({ RequestItems: { [name]: { Keys: keys(25), ConsistentRead: true } } }));
  assert.ok(first.UnprocessedKeys[name].Keys.length > 0);
  assert.equal(first.UnprocessedKeys[name].ConsistentRead, true);
  let said = first;
  for (let i = 0; ; ++i) {
    assert.ok(i < rounds);
    got.push(...(said.Responses[name] ?? []));
    if (Object.keys(said.UnprocessedKeys).length === 0) break;
    said = await db.send(new BatchGetItemCommand({ RequestItems: said.UnprocessedKeys }));
  }
  assert.deepEqual(got.map((one) => one.id.S).sort(), keys(25).map((one) => one.id.S).sort());
});

test("single requests are refused with a status that the SDK knows to try again, and then succeed", async () => {
  const patient = client({ maxAttempts: 50 });
  const answers = await Promise.all(keys(12).map((Item) => patient.send(new PutItemCommand({ TableName: name, Item }))));
  assert.ok(answers.some((one) => one.$metadata.attempts > 1));
});
