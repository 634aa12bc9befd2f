// PutItem, UpdateItem and DeleteItem.
"use strict";
const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const { DeleteItemCommand, GetItemCommand, PutItemCommand, UpdateItemCommand } = require("@aws-sdk/client-dynamodb");
const { client, close, invalid, refused, table } = require("./cluster");

const db = client();
let name;
before(async () => { name = await table({ id: "S" }); });
after(close);

const put = (Item, more) => db.send(new PutItemCommand({ TableName: name, Item, ...more }));
const remove = (id, more) => db.send(new DeleteItemCommand({ TableName: name, Key: { id: { S: id } }, ...more }));
const update = (id, more) => db.send(new UpdateItemCommand({ TableName: name, Key: { id: { S: id } }, ...more }));
const get = async (id) =>
  (await db.send(new GetItemCommand({ TableName: name, Key: { id: { S: id } }, ConsistentRead: true }))).Item;

const failed = "The conditional request failed";
const mismatch = "The provided key element does not match the schema";

describe("PutItem", () => {
  test("replaces the whole item and returns the old one when asked", async () => {
    assert.equal((await put({ id: { S: "p1" }, a: { N: "1" } }, { ReturnValues: "ALL_OLD" })).Attributes, undefined);
    const said = await put({ id: { S: "p1" }, b: { N: "2" } }, { ReturnValues: "ALL_OLD" });
    assert.deepEqual(said.Attributes, { id: { S: "p1" }, a: { N: "1" } });
    assert.deepEqual(await get("p1"), { id: { S: "p1" }, b: { N: "2" } });
  });

  test("tells in the error what item the condition did not hold of, when asked", async () => {
    await put({ id: { S: "p2" }, v: { N: "1" } });
    const condition = { ConditionExpression: "attribute_not_exists(id)" };
    const plain = await refused("ConditionalCheckFailedException", failed, put({ id: { S: "p2" } }, condition));
    assert.equal(plain.Item, undefined);
    assert.equal(plain.$metadata.httpStatusCode, 400);
    assert.equal(plain.$metadata.attempts, 1);
    assert.equal(plain.$metadata.requestId.length, 52);
    const full = await refused("ConditionalCheckFailedException", failed, put({ id: { S: "p2" } },
      { ...condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    assert.deepEqual(full.Item, { id: { S: "p2" }, v: { N: "1" } });
  });

  test("counts capacity by the larger of the old and the new item", async () => {
    await put({ id: { S: "p3" }, v: { S: "x".repeat(2500) } });
    const said = await put({ id: { S: "p3" } }, { ReturnConsumedCapacity: "TOTAL" });
    assert.deepEqual(said.ConsumedCapacity, { TableName: name, CapacityUnits: 3 });
  });

  test("wants the key, of the right type, not empty", async () => {
    await invalid("One or more parameter values were invalid: Missing the key id in the item", put({ v: { N: "1" } }));
    await invalid("One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
                  put({ id: { N: "1" } }));
    await invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an " +
                  "empty string value. Key: id", put({ id: { S: "" } }));
    await invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 " +
                  "bytes", put({ id: { S: "x".repeat(2049) } }));
  });

  test("takes items of up to 400 KB", async () => {
    const filled = (bytes) => ({ id: { S: "p4" }, v: { S: "x".repeat(bytes - "idp4v".length) } });
    await put(filled(400 * 1024));
    await invalid("Item size has exceeded the maximum allowed size", put(filled(400 * 1024 + 1)));
  });

  test("checks values: numbers, sets, empty ones", async () => {
    const bad = (v) => put({ id: { S: "p5" }, v });
    await invalid("The parameter cannot be converted to a numeric value: one", bad({ N: "one" }));
    await invalid("The parameter cannot be converted to a numeric value", bad({ N: "" }));
    await invalid("Attempting to store more than 38 significant digits in a Number", bad({ N: "1".repeat(39) }));
    await invalid("Number overflow. Attempting to store a number with magnitude larger than supported range",
                  bad({ N: "1E126" }));
    await invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range",
                  bad({ N: "1E-131" }));
    await invalid("One or more parameter values were invalid: An string set  may not be empty", bad({ SS: [] }));
    await invalid("One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
                  bad({ SS: ["a", "a"] }));
    await invalid("Input collection contains duplicates", bad({ NS: ["1", "1.0"] }));
    await invalid("One or more parameter values were invalid: Null attribute value types must have the value of true",
                  bad({ NULL: false }));
    let deep = { N: "1" };
    for (let i = 0; i < 33; ++i) deep = { L: [deep] };
    await invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported " +
                  "limit", bad(deep));
  });

  test("refuses what does not belong to it", async () => {
    await invalid("ReturnValues can only be ALL_OLD or NONE", put({ id: { S: "p6" } }, { ReturnValues: "ALL_NEW" }));
    await invalid("1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must " +
                  "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                  put({ id: { S: "p6" } }, { ReturnValues: "SOME" }));
    await invalid("Can not use both expression and non-expression parameters in the same request: Non-expression " +
                  "parameters: {Expected} Expression parameters: {ConditionExpression}",
                  put({ id: { S: "p6" } }, { ConditionExpression: "attribute_exists(id)", Expected: { v: { Exists: false } } }));
  });
});

describe("Conditions", () => {
  test("the old way to say them means the same", async () => {
    await put({ id: { S: "c1" }, v: { N: "5" } });
    await refused("ConditionalCheckFailedException", failed,
                  put({ id: { S: "c1" } }, { Expected: { v: { ComparisonOperator: "GT", AttributeValueList: [{ N: "5" }] } } }));
    await put({ id: { S: "c1" }, v: { N: "6" } }, {
      Expected: { v: { Value: { N: "5" } }, w: { Exists: true, Value: { N: "1" } } }, ConditionalOperator: "OR",
    });
    assert.deepEqual(await get("c1"), { id: { S: "c1" }, v: { N: "6" } });
  });

  test("every function and comparison", async () => {
    await put({ id: { S: "c2" }, n: { N: "5" }, s: { S: "hello" }, l: { L: [{ S: "x" }] }, ss: { SS: ["a", "b"] },
                m: { M: { deep: { L: [{ N: "0" }, { N: "7" }] } } } });
    const values = { ":5": { N: "5" }, ":h": { S: "he" }, ":x": { S: "x" }, ":a": { S: "a" }, ":7": { N: "7.0" },
                     ":S": { S: "S" }, ":9": { N: "9" } };
    const holds = (ConditionExpression) => {
      const ExpressionAttributeValues = Object.fromEntries(
        Object.entries(values).filter(([key]) => ConditionExpression.includes(key)));
      return update("c2", { ConditionExpression, ...(Object.keys(ExpressionAttributeValues).length > 0 &&
                                                     { ExpressionAttributeValues }) });
    };
    for (const one of ["n = :5", "n <> :9", "n < :9", "n <= :5", "n >= :5", "n BETWEEN :5 AND :9", "n IN (:9, :5)",
                       "attribute_exists(m.deep[1])", "attribute_not_exists(m.deep[2])", "attribute_type(s, :S)",
                       "begins_with(s, :h)", "contains(s, :h)", "contains(l, :x)", "contains(ss, :a)", "size(s) = :5",
                       "m.deep[1] = :7", "NOT n = :9", "n = :9 OR (n = :5 AND NOT s = :x)"]) {
      await holds(one);
      await refused("ConditionalCheckFailedException", failed, holds(`NOT (${one})`));
    }
  });

  test("expressions that cannot be say why", async () => {
    const condition = (ConditionExpression, more) => put({ id: { S: "c3" } }, { ConditionExpression, ...more });
    await invalid('Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="', condition("a ="));
    await invalid("Invalid ConditionExpression: The expression can not be empty;", condition(""));
    await invalid("Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
                  condition("attribute_exists(name)"));
    await invalid("Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute " +
                  "value: :v", condition("a = :v"));
    await invalid("Invalid ConditionExpression: An expression attribute name used in the document path is not defined; " +
                  "attribute name: #n", condition("attribute_exists(#n)"));
    await invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}",
                  condition("attribute_exists(a)", { ExpressionAttributeNames: { "#unused": "b" } }));
    await invalid("ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
                  put({ id: { S: "c3" } }, { ExpressionAttributeValues: { ":v": { N: "1" } } }));
    await invalid("Invalid ConditionExpression: Invalid function name; function: nope", condition("nope(a)"));
    await invalid("Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: " +
                  "4114", condition(`attribute_exists(${"a".repeat(4096)})`));
    assert.equal(await get("c3"), undefined);
  });
});

describe("UpdateItem", () => {
  test("makes the item that is not there, and returns what was asked for", async () => {
    const made = await update("u1", { UpdateExpression: "SET a = :a, m = :m ADD n :one, ss :ss", ReturnValues: "ALL_NEW",
      ExpressionAttributeValues: { ":a": { S: "x" }, ":m": { M: {} }, ":one": { N: "1" }, ":ss": { SS: ["p", "q"] } } });
    assert.deepEqual(made.Attributes,
                     { id: { S: "u1" }, a: { S: "x" }, m: { M: {} }, n: { N: "1" }, ss: { SS: ["p", "q"] } });
    const then = await update("u1", { UpdateExpression: "SET m.k = if_not_exists(absent, a) REMOVE a DELETE ss :p",
      ExpressionAttributeValues: { ":p": { SS: ["p"] } }, ReturnValues: "UPDATED_NEW" });
    assert.deepEqual(then.Attributes, { m: { M: { k: { S: "x" } } }, ss: { SS: ["q"] } });
    const old = await update("u1", { UpdateExpression: "SET n = n - :two", ExpressionAttributeValues: { ":two": { N: "2.5" } },
                                     ReturnValues: "UPDATED_OLD" });
    assert.deepEqual(old.Attributes, { n: { N: "1" } });
    const whole = await update("u1", { UpdateExpression: "REMOVE m", ReturnValues: "ALL_OLD" });
    assert.equal(whole.Attributes.n.N, "-1.5");
  });

  test("the old way to say it means the same", async () => {
    await put({ id: { S: "u2" }, gone: { N: "1" }, ss: { SS: ["a", "b"] } });
    const said = await update("u2", { ReturnValues: "ALL_NEW", AttributeUpdates: {
      a: { Action: "PUT", Value: { S: "new" } }, n: { Action: "ADD", Value: { N: "3" } }, gone: { Action: "DELETE" },
      ss: { Action: "DELETE", Value: { SS: ["a"] } } } });
    assert.deepEqual(said.Attributes, { id: { S: "u2" }, a: { S: "new" }, n: { N: "3" }, ss: { SS: ["b"] } });
  });

  test("tells in the error what item the condition did not hold of, when asked", async () => {
    await put({ id: { S: "u3" }, v: { N: "1" } });
    const said = await refused("ConditionalCheckFailedException", failed, update("u3", {
      UpdateExpression: "SET v = :v", ConditionExpression: "v > :v", ExpressionAttributeValues: { ":v": { N: "1" } },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    assert.deepEqual(said.Item, { id: { S: "u3" }, v: { N: "1" } });
  });

  test("expressions that cannot be say why", async () => {
    const set = (UpdateExpression, values) => update("u4", { UpdateExpression, ExpressionAttributeValues: values });
    const one = { ":v": { N: "1" } };
    await invalid('Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "a"', set("SET a", undefined));
    await invalid('Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
                  set("SET a = :v SET b = :v", one));
    await invalid("Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these " +
                  "paths; path one: [a, b], path two: [a]", set("SET a.b = :v, a = :v", one));
    await invalid("Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: " +
                  "STRING, typeSet: ALLOWED_FOR_ADD_OPERAND", set("ADD a :v", { ":v": { S: "x" } }));
    await invalid("One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
                  set("SET id = :v", one));
    await invalid("The document path provided in the update expression is invalid for update", set("SET absent.x = :v", one));
    await put({ id: { S: "u4" }, s: { S: "text" } });
    await invalid("An operand in the update expression has an incorrect data type", set("SET s = s + :v", one));
    await invalid("The provided expression refers to an attribute that does not exist in the item", set("SET a = b", undefined));
    assert.deepEqual(await get("u4"), { id: { S: "u4" }, s: { S: "text" } });
  });

  test("an item does not grow over 400 KB", async () => {
    await put({ id: { S: "u5" }, a: { S: "x".repeat(300_000) } });
    await invalid("Item size to update has exceeded the maximum allowed size",
                  update("u5", { UpdateExpression: "SET b = a" }));
  });

  test("wants the whole key and nothing but the key", async () => {
    const keyed = (Key) => db.send(new UpdateItemCommand({ TableName: name, Key }));
    await invalid(mismatch, keyed({ other: { S: "a" } }));
    await invalid(mismatch, keyed({ id: { S: "a" }, more: { S: "b" } }));
    await invalid(mismatch, keyed({ id: { N: "1" } }));
  });
});

describe("DeleteItem", () => {
  test("succeeds whether the item is there or not, and returns it when asked", async () => {
    await put({ id: { S: "d1" }, v: { N: "1" } });
    assert.deepEqual((await remove("d1", { ReturnValues: "ALL_OLD" })).Attributes, { id: { S: "d1" }, v: { N: "1" } });
    assert.equal((await remove("d1", { ReturnValues: "ALL_OLD" })).Attributes, undefined);
    assert.equal(await get("d1"), undefined);
  });

  test("with a condition that does not hold deletes nothing, and tells the item when asked", async () => {
    await put({ id: { S: "d2" }, v: { N: "1" } });
    const said = await refused("ConditionalCheckFailedException", failed, remove("d2", {
      ConditionExpression: "v = :v", ExpressionAttributeValues: { ":v": { N: "2" } },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    assert.deepEqual(said.Item, { id: { S: "d2" }, v: { N: "1" } });
    assert.deepEqual(await get("d2"), { id: { S: "d2" }, v: { N: "1" } });
  });

  test("wants the whole key and nothing but the key", async () => {
    const keyed = (Key) => db.send(new DeleteItemCommand({ TableName: name, Key }));
    await invalid(mismatch, keyed({ id: { S: "a" }, more: { S: "b" } }));
    await invalid("1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
                  keyed(undefined));
  });
});

test("a table that is not there is not found by any write", async () => {
  const TableName = "no-such-table";
  const Key = { id: { S: "a" } };
  for (const asked of [new PutItemCommand({ TableName, Item: Key }), new DeleteItemCommand({ TableName, Key }),
                       new UpdateItemCommand({ TableName, Key })])
    await refused("ResourceNotFoundException", "Requested resource not found", db.send(asked));
});
