#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

struct music : door {
  music() {
    EXPECT_EQ(ask("CreateTable", R"({"TableName":"music","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})")
                  .status,
              200);
  }
  std::string put(const std::string& item, const std::string& more = {}) {
    return said("PutItem", R"({"TableName":"music","Item":)" + item + more + "}");
  }
  std::string get(const std::string& id, const std::string& more = {}) {
    return said("GetItem", R"({"TableName":"music","Key":{"id":{"S":")" + id + "\"}}" + more + "}");
  }
  std::string update(const std::string& id, const std::string& more = {}) {
    return said("UpdateItem", R"({"TableName":"music","Key":{"id":{"S":")" + id + "\"}}" + more + "}");
  }
  std::string remove(const std::string& id, const std::string& more = {}) {
    return said("DeleteItem", R"({"TableName":"music","Key":{"id":{"S":")" + id + "\"}}" + more + "}");
  }
};

} // namespace

TEST(items, are_put_got_and_deleted) {
  music m;
  EXPECT_EQ(m.get("a"), "200 {}");
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"n":{"N":"1.50"},"l":{"L":[{"BOOL":true},{"NULL":true}]}})"), "200 {}");
  EXPECT_EQ(m.get("a"),
            R"(200 {"Item":{"id":{"S":"a"},"l":{"L":[{"BOOL":true},{"NULL":true}]},"n":{"N":"1.5"}}})");
  EXPECT_EQ(m.remove("a"), "200 {}");
  EXPECT_EQ(m.get("a"), "200 {}");
  EXPECT_EQ(m.remove("a"), "200 {}") << "deleting what is not there is no error";
}

TEST(items, keep_thirty_eight_digits) {
  music m;
  const std::string digits = "12345678901234567890123456789012345678";
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"n":{"N":")" + digits + R"("}})"), "200 {}");
  EXPECT_EQ(m.get("a"), R"(200 {"Item":{"id":{"S":"a"},"n":{"N":")" + digits + R"("}}})");
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"n":{"N":")" + digits + R"(9"}})"),
            validation + R"(Attempting to store more than 38 significant digits in a Number"})");
}

TEST(items, old_ones_come_back_when_asked_for) {
  music m;
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"v":{"N":"1"}})", R"(,"ReturnValues":"ALL_OLD")"), "200 {}");
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"v":{"N":"2"}})", R"(,"ReturnValues":"ALL_OLD")"),
            R"(200 {"Attributes":{"id":{"S":"a"},"v":{"N":"1"}}})");
  EXPECT_EQ(m.remove("a", R"(,"ReturnValues":"ALL_OLD")"),
            R"(200 {"Attributes":{"id":{"S":"a"},"v":{"N":"2"}}})");
}

TEST(items, cost_capacity_by_the_larger_of_old_and_new) {
  music m;
  const std::string total = R"(,"ReturnConsumedCapacity":"TOTAL")";
  const auto units = [](const std::string& n) {
    return R"(200 {"ConsumedCapacity":{"TableName":"music","CapacityUnits":)" + n + "}}";
  };
  const std::string large = R"({"id":{"S":"a"},"x":{"S":")" + std::string(5000, 'x') + R"("}})";
  EXPECT_EQ(m.put(large, total), units("5.0"));
  EXPECT_EQ(m.put(R"({"id":{"S":"a"}})", total), units("5.0"));
  EXPECT_EQ(m.put(R"({"id":{"S":"a"}})", total), units("1.0"));
  EXPECT_EQ(m.remove("none", total), units("1.0"));
  EXPECT_EQ(m.get("none", total), units("0.5"));
  EXPECT_EQ(m.get("none", total + R"(,"ConsistentRead":true)"), units("1.0"));
  EXPECT_EQ(
      m.get("none", R"(,"ReturnConsumedCapacity":"INDEXES")"),
      R"(200 {"ConsumedCapacity":{"TableName":"music","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}})");
}

TEST(items, are_got_in_part) {
  music m;
  m.put(R"({"id":{"S":"a"},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},"n":{"N":"3"}})");
  EXPECT_EQ(m.get("a", R"(,"ProjectionExpression":"#m.x, n","ExpressionAttributeNames":{"#m":"m"})"),
            R"(200 {"Item":{"m":{"M":{"x":{"N":"1"}}},"n":{"N":"3"}}})");
  EXPECT_EQ(m.get("a", R"(,"AttributesToGet":["n","absent"])"), R"(200 {"Item":{"n":{"N":"3"}}})");
  EXPECT_EQ(m.get("a", R"(,"ProjectionExpression":"n","ExpressionAttributeNames":{"#m":"m"})"),
            validation + R"(Value provided in ExpressionAttributeNames unused in expressions: keys: {#m}"})");
}

TEST(items, the_clusters_refusals_are_told_in_dynamodbs_words) {
  music m;
  EXPECT_EQ(m.said("GetItem", R"({"TableName":"none","Key":{"id":{"S":"a"}}})"),
            dynamodb + R"(ResourceNotFoundException","message":"Requested resource not found"})");
  EXPECT_EQ(m.put(R"({"other":{"S":"a"}})"),
            validation + R"(One or more parameter values were invalid: Missing the key id in the item"})");
  EXPECT_EQ(m.said("GetItem", R"({"TableName":"music","Key":{"id":{"N":"1"}}})"),
            validation + R"(The provided key element does not match the schema"})");
  m.cluster->refuse = make_status(msg::OVERLOADED, "full");
  EXPECT_EQ(m.get("a"),
            R"(503 {"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable","message":"full"})")
      << "this node, whatever the table";
  m.cluster->refuse = make_status(msg::OVERLOADED, "busy");
  m.cluster->refuse->set_overloaded(msg::Status::PARTITION);
  EXPECT_EQ(
      m.get("a"),
      R"(400 {"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"busy"})");
  m.cluster->refuse = make_status(msg::UNKNOWN_OUTCOME, "lost");
  const auto lost = m.put(R"({"id":{"S":"a"}})");
  EXPECT_TRUE(lost.starts_with(R"(500 {"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError",)"))
      << lost;
}

namespace {

const std::string refused =
    dynamodb + R"(ConditionalCheckFailedException","message":"The conditional request failed")";

} // namespace

TEST(items, are_put_and_deleted_only_when_the_condition_holds) {
  music m;
  const std::string fresh = R"x(,"ConditionExpression":"attribute_not_exists(id)")x";
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"v":{"N":"1"}})", fresh), "200 {}");
  EXPECT_EQ(m.put(R"({"id":{"S":"a"},"v":{"N":"2"}})", fresh), refused + "}");
  EXPECT_EQ(m.remove("a", R"(,"ConditionExpression":"v > :v","ExpressionAttributeValues":{":v":{"N":"1"}})"),
            refused + "}");
  EXPECT_EQ(m.remove("a", R"(,"Expected":{"v":{"Value":{"N":"1.0"}}})"), "200 {}");
  EXPECT_EQ(m.get("a"), "200 {}");
}

TEST(items, refused_writes_tell_the_item_when_asked_to) {
  music m;
  m.put(R"({"id":{"S":"a"},"v":{"N":"1"}})");
  const std::string fresh = R"x(,"ConditionExpression":"attribute_not_exists(id)")x";
  const std::string tell = R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")";
  const std::string with_item = refused + R"(,"Item":{"id":{"S":"a"},"v":{"N":"1"}}})";
  EXPECT_EQ(m.put(R"({"id":{"S":"a"}})", fresh + tell), with_item);
  EXPECT_EQ(m.put(R"({"id":{"S":"a"}})", fresh + R"(,"ReturnValues":"ALL_OLD")"), refused + "}");
  EXPECT_EQ(m.update("a", fresh + tell), with_item);
}

TEST(items, are_updated_by_expressions) {
  music m;
  const std::string count =
      R"x(,"UpdateExpression":"SET n = if_not_exists(n, :zero) + :one","ReturnValues":"UPDATED_NEW",
         "ExpressionAttributeValues":{":zero":{"N":"0"},":one":{"N":"1"}})x";
  EXPECT_EQ(m.update("a", count), R"(200 {"Attributes":{"n":{"N":"1"}}})");
  EXPECT_EQ(m.update("a", count), R"(200 {"Attributes":{"n":{"N":"2"}}})");
  EXPECT_EQ(m.update("a", R"(,"UpdateExpression":"REMOVE n","ReturnValues":"ALL_OLD")"),
            R"(200 {"Attributes":{"id":{"S":"a"},"n":{"N":"2"}}})");
  EXPECT_EQ(m.update("b"), "200 {}") << "an update of nothing makes sure that the item is there";
  EXPECT_EQ(m.get("b"), R"(200 {"Item":{"id":{"S":"b"}}})");
}

TEST(items, are_updated_in_the_old_way_too) {
  music m;
  EXPECT_EQ(
      m.update("a", R"(,"AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"5"}},"s":{"Value":{"S":"x"}}},
                             "ReturnValues":"ALL_NEW")"),
      R"(200 {"Attributes":{"id":{"S":"a"},"n":{"N":"5"},"s":{"S":"x"}}})");
}

TEST(items, updates_that_cannot_be_say_why) {
  music m;
  EXPECT_EQ(
      m.update("a",
               R"(,"UpdateExpression":"SET n = n + :one","ExpressionAttributeValues":{":one":{"N":"1"}})"),
      validation + R"(The provided expression refers to an attribute that does not exist in the item"})");
  EXPECT_EQ(m.update("a", R"(,"UpdateExpression":"SET n = :one")"),
            validation +
                R"(Invalid UpdateExpression: An expression attribute value used in expression is not )"
                R"(defined; attribute value: :one"})");
  EXPECT_EQ(m.get("a"), "200 {}");
}
