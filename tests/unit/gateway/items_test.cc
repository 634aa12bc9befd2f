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
  m.cluster->refuse = make_status(msg::OVERLOADED, "busy");
  EXPECT_EQ(m.get("a"),
            R"(503 {"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable","message":"busy"})");
  m.cluster->refuse = make_status(msg::UNKNOWN_OUTCOME, "lost");
  const auto lost = m.put(R"({"id":{"S":"a"}})");
  EXPECT_TRUE(lost.starts_with(R"(500 {"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError",)"))
      << lost;
}

TEST(items, conditions_are_refused_and_not_passed_over) {
  music m;
  EXPECT_EQ(m.put(R"({"id":{"S":"a"}})", R"x(,"ConditionExpression":"attribute_not_exists(id)")x"),
            validation + R"(ConditionExpression is not supported by this version of Troupe"})");
  EXPECT_EQ(m.remove("a", R"(,"Expected":{"x":{"Exists":false}})"),
            validation + R"(Expected is not supported by this version of Troupe"})");
  EXPECT_EQ(m.get("a"), "200 {}");
}
