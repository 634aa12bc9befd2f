// What a program notices of a node that dies under it: nothing but a pause. The SDK repeats what is refused with a status
// from 500 on, up to three times in all; the cluster waits for a new leader before it refuses anything.
"use strict";
const assert = require("node:assert/strict");
const { after, test } = require("node:test");
const { DescribeTableCommand } = require("@aws-sdk/client-dynamodb");
const { GetCommand, PutCommand, UpdateCommand } = require("@aws-sdk/lib-dynamodb");
const { client, close, documents, endpoints, leader, patience, processOf, table, until } = require("./cluster");

after(close);

const writers = 8;
test("writes go on by themselves when the node that leads the table is killed", { timeout: 2 * patience }, async () => {
  const name = await table({ id: "S" });
  const victim = await leader(name);
  // Nodes are named n1 to n3, in the order of the endpoints.
  const others = [0, 1, 2].filter((node) => `n${node + 1}` !== victim);
  const written = new Map();
  let stop = false;
  const writing = Array.from({ length: writers }, async (_, writer) => {
    const db = documents({ node: others[writer % others.length] });
    for (let n = 1; !stop; ++n) {
      await db.send(new PutCommand({ TableName: name, Item: { id: `w${writer}`, n } }));
      written.set(writer, n);
    }
  });
  const everybody = Promise.all(writing);
  everybody.catch(() => {}); // is told below
  const allWrote = (from) => [...Array(writers).keys()].every((writer) => (written.get(writer) ?? 0) > (from.get(writer) ?? 0));

  try {
    await until("everybody's first write", () => allWrote(new Map()));
    process.kill(processOf(victim), "SIGKILL");
    const then = new Map(written);
    await Promise.race([until("everybody's next write", () => allWrote(then)), everybody]);
  } finally {
    stop = true;
  }
  await everybody; // none was refused

  const db = documents({ node: others[0] });
  for (const [writer, n] of written) {
    const { Item } = await db.send(new GetCommand({ TableName: name, Key: { id: `w${writer}` }, ConsistentRead: true }));
    assert.deepEqual(Item, { id: `w${writer}`, n });
  }
  await until("the node that was killed serves again", () => served(victim));
});

const served = async (node) => {
  try {
    return (await fetch(endpoints[Number(node.slice(1)) - 1])).status === 200;
  } catch {
    return false;
  }
};

test("counters that are guarded by conditions lose nothing and count nothing twice when the leader is killed",
     { timeout: 2 * patience }, async () => {
  const name = await table({ id: "S" });
  const victim = await leader(name);
  const others = [0, 1, 2].filter((node) => `n${node + 1}` !== victim);
  await documents({ node: others[0] }).send(new PutCommand({ TableName: name, Item: { id: "c", n: 0 } }));
  const goal = 300;
  let killed = false;
  // Compare and set: a repeated write that took effect the first time is told so by its condition.
  const counting = Array.from({ length: 4 }, async (_, i) => {
    const db = documents({ node: others[i % others.length] });
    for (;;) {
      const { Item } = await db.send(new GetCommand({ TableName: name, Key: { id: "c" }, ConsistentRead: true }));
      if (Item.n >= goal) return;
      if (Item.n >= goal / 3 && !killed) {
        killed = true;
        process.kill(processOf(victim), "SIGKILL");
      }
      try {
        await db.send(new UpdateCommand({
          TableName: name, Key: { id: "c" }, UpdateExpression: "SET n = :next", ConditionExpression: "n = :seen",
          ExpressionAttributeValues: { ":seen": Item.n, ":next": Item.n + 1 },
        }));
      } catch (error) {
        assert.equal(error.name, "ConditionalCheckFailedException");
      }
    }
  });
  await Promise.all(counting);
  assert.ok(killed);
  const { Item } = await documents({ node: others[1] }).send(new GetCommand({ TableName: name, Key: { id: "c" },
                                                                             ConsistentRead: true }));
  assert.equal(Item.n, goal);
  await until("the node that was killed serves again", () => served(victim));
  assert.equal((await client({ node: others[0] }).send(new DescribeTableCommand({ TableName: name }))).Table.TableStatus,
               "ACTIVE");
});
