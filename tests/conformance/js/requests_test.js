// What is wrong with a request before it is about any item: who signed it and when, what it asks for, how it is written.
"use strict";
const assert = require("node:assert/strict");
const http = require("node:http");
const { after, describe, test } = require("node:test");
const {
  DescribeLimitsCommand, DescribeTimeToLiveCommand, ExecuteStatementCommand, GetItemCommand, ListTablesCommand, PutItemCommand,
  TransactWriteItemsCommand,
} = require("@aws-sdk/client-dynamodb");
const { changed, client, close, credentials, endpoints, refused } = require("./cluster");

after(close);
const once = { maxAttempts: 1 };
const list = (db) => db.send(new ListTablesCommand({}));

describe("Signatures", () => {
  test("every node takes those of a key it knows, for any region", async () => {
    for (const node of [0, 1, 2])
      await client({ node, region: ["local", "us-east-1", "eu-west-3"][node] }).send(new DescribeLimitsCommand({}));
  });

  test("of a key that nobody knows are UnrecognizedClientException", async () => {
    await refused("UnrecognizedClientException", "The security token included in the request is invalid.",
                  list(client({ credentials: { ...credentials, accessKeyId: "AKIASTRANGER00000001" } })));
  });

  test("with a session token are UnrecognizedClientException: there are no temporary keys", async () => {
    await refused("UnrecognizedClientException", "The security token included in the request is invalid",
                  list(client({ credentials: { ...credentials, sessionToken: "token" } })));
  });

  test("made with another secret are InvalidSignatureException", async () => {
    const db = client({ ...once, credentials: { ...credentials, secretAccessKey: "wrong" } });
    const said = await list(db).then(() => assert.fail(), (error) => error);
    assert.equal(said.name, "InvalidSignatureException");
    assert.match(said.message, /^The request signature we calculated does not match the signature you provided\. /);
  });

  test("do not fit a body that was changed on the way", async () => {
    const db = client(once);
    db.middlewareStack.add((next) => async (args) => {
      args.request.body = args.request.body.replace("mine", "ours");
      return next(args);
    }, { step: "finalizeRequest", priority: "low" });
    const asked = new GetItemCommand({ TableName: "mine", Key: { id: { S: "a" } } });
    const said = await db.send(asked).then(() => assert.fail(), (error) => error);
    assert.equal(said.name, "InvalidSignatureException");
  });

  test("that are missing are MissingAuthenticationTokenException", async () => {
    await refused("MissingAuthenticationTokenException", "Request is missing Authentication Token",
                  list(client({ signer: { sign: async (request) => request } })));
  });

  test("older or newer than 15 minutes have expired, or are not yet current", async () => {
    for (const [minutes, text] of [[-16, /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z /],
                                   [16, /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z /]]) {
      const said = await list(client({ ...once, systemClockOffset: minutes * 60_000 })).then(() => assert.fail(), (e) => e);
      assert.equal(said.name, "InvalidSignatureException");
      assert.match(said.message, text);
    }
  });

  test("of a client whose clock is wrong are right at its second attempt: it has learnt our time", async () => {
    const said = await list(client({ systemClockOffset: -3600_000 }));
    assert.equal(said.$metadata.attempts, 2);
  });
});

describe("Operations", () => {
  test("that DynamoDB has and Troupe has not yet are UnknownOperationException, by their names", async () => {
    const db = client();
    for (const asked of [new TransactWriteItemsCommand({ TransactItems: [{ Delete: { TableName: "abc", Key: {} } }] }),
                         new DescribeTimeToLiveCommand({ TableName: "abc" }), new ExecuteStatementCommand({ Statement: "x" })])
      await refused("UnknownOperationException",
                    `Operation ${asked.constructor.name.replace("Command", "")} is not supported by this version of Troupe`,
                    db.send(asked));
  });

  test("that nobody has are UnknownOperationException", async () => {
    const db = changed(client(), (request) => { request.headers["x-amz-target"] = "DynamoDB_20120810.MakeCoffee"; });
    const said = await list(db).then(() => assert.fail(), (error) => error);
    assert.equal(said.name, "UnknownOperationException");
  });
});

describe("Bodies", () => {
  const sends = (body) => changed(client(), (request) => {
    request.body = body;
    request.headers["content-length"] = String(Buffer.byteLength(body));
  }).send(new GetItemCommand({ TableName: "abc", Key: { id: { S: "a" } } }));

  test("that are no JSON, or of the wrong types, are SerializationException", async () => {
    const said = await sends("{\"TableName\":").then(() => assert.fail(), (error) => error);
    assert.equal(said.name, "SerializationException");
    assert.equal(said.$metadata.httpStatusCode, 400);
    for (const [body, text] of [['{"TableName":1}', "NUMBER_VALUE cannot be converted to String"],
                                ['{"TableName":["a"]}', "Unrecognized collection type class java.lang.String"],
                                ['{"Key":{"id":{"S":{}}}}', "Start of structure or map found where not expected"],
                                ['{"ConsistentRead":"maybe"}', "Unexpected token received from parser"]])
      await refused("SerializationException", text, sends(body));
  });

  test("that lack what is needed name all of it", async () => {
    await refused("ValidationException", "2 validation errors detected: Value null at 'tableName' failed to satisfy " +
                  "constraint: Member must not be null; Value null at 'key' failed to satisfy constraint: Member must not be " +
                  "null", sends("{}"));
  });

  test("over 16 MB are refused, however they come", async () => {
    const Item = { id: { S: "a" }, v: { S: "x".repeat(17 * 1024 * 1024) } };
    const said = await client(once).send(new PutItemCommand({ TableName: "abc", Item })).then(() => assert.fail(), (e) => e);
    assert.equal(said.$metadata.httpStatusCode, 413);
  });
});

test("a health check needs no signature", async () => {
  const said = await new Promise((done, failed) => http.get(endpoints[2], (answer) => {
    let text = "";
    answer.on("data", (part) => { text += part; });
    answer.on("end", () => done({ status: answer.statusCode, text }));
  }).on("error", failed));
  assert.deepEqual(said, { status: 200, text: "healthy: troupe\n" });
});
