// The cluster that the stories of this folder happen in, and how they speak with it. javascript_test.py starts the
// cluster and says in the environment where it is.
"use strict";
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { CreateTableCommand, DynamoDBClient, waitUntilTableExists } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient } = require("@aws-sdk/lib-dynamodb");

const endpoints = process.env.TROUPE_ENDPOINTS.split(",");
const routers = process.env.TROUPE_ROUTERS;
const credentials = {
  accessKeyId: process.env.TROUPE_ACCESS_KEY,
  secretAccessKey: process.env.TROUPE_SECRET_KEY,
};

const open = [];

// A client of one node of the three.
function client({ node = 0, ...how } = {}) {
  const made = new DynamoDBClient({ endpoint: endpoints[node], region: "eu-central-1", credentials, ...how });
  open.push(made);
  return made;
}

// The same with JavaScript's own types. `translate` is what the SDK calls translateConfig.
function documents({ translate, ...how } = {}) {
  return DynamoDBDocumentClient.from(client(how), translate);
}

// Open connections would keep the process of the tests.
function close() {
  for (const one of open) one.destroy();
}

let made = 0;

// A table of its own for each story; keys: { name: type }, the first is the partition key.
async function table(keys, { name, ...more } = {}) {
  const TableName = name ?? `js-${process.pid}-${++made}`;
  const names = Object.keys(keys);
  const db = client();
  await db.send(new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: names.map((AttributeName, i) => ({ AttributeName, KeyType: ["HASH", "RANGE"][i] })),
    AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: keys[AttributeName] })),
    ...more,
  }));
  await waitUntilTableExists({ client: db, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { TableName });
  return TableName;
}

// What was asked must be refused, with this name and text; resolves to the error for what else it says.
async function refused(name, message, asked) {
  const said = await asked.then(() => assert.fail("it was not refused"), (error) => error);
  assert.deepEqual({ name: said.name, message: said.message }, { name, message });
  return said;
}

const invalid = (message, asked) => refused("ValidationException", message, asked);

// Sends an operation with something about it changed after the SDK has written it and before it signs it.
function changed(db, change) {
  db.middlewareStack.add((next) => async (args) => {
    change(args.request);
    return next(args);
  }, { step: "build", priority: "low" });
  return db;
}

const patience = 60_000;

// Waits for something with a deadline, and resolves to what it is.
async function until(what, holds) {
  const deadline = Date.now() + patience;
  for (;;) {
    const is = await holds();
    if (is) return is;
    assert.ok(Date.now() < deadline, `in vain waited for: ${what}`);
    await new Promise((done) => { setTimeout(done, 20); });
  }
}

// The name of the node that leads the table, which has one partition. Nodes report it now and then.
function leader(of) {
  return until(`a leader of ${of}`, () => {
    const said = execFileSync(process.env.TROUPE_PROGRAM, ["status", "--partitions", "--json", "--at", routers]);
    return JSON.parse(said).partitions.find((one) => one.table === of)?.leader;
  });
}

// The process of a node: a child of `troupe up`, which starts it again when it ends.
function processOf(node) {
  const parent = process.env.TROUPE_PROCESS;
  const children = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
  const found = children.find((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(node));
  assert.ok(found, `no process of ${node}`);
  return Number(found);
}

module.exports = {
  changed, client, close, credentials, documents, endpoints, invalid, leader, patience, processOf, refused, table, until,
};
